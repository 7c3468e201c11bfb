using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Statements;

namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>Reads a template.</summary>
internal sealed class TemplateParser
{
    private readonly TokenReader _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TokenReader tokens) => (_tokens, _expressions) = (tokens, new ExpressionParser(tokens));

    /// <exception cref="ChatTemplateException">It is not a template, or uses something that is not supported; the message says where.</exception>
    public static Block Parse(string template)
    {
        var tokens = new TokenReader(TemplateCutter.Cut(template));
        return new TemplateParser(tokens).ReadBlock([], tokens.At).Body;
    }

    // Up to a tag with one of these names, which is returned with its name taken; or to the end, if there are none.
    private (Block Body, string End) ReadBlock(IReadOnlyList<string> ends, Place begin)
    {
        var statements = new List<Statement>();
        while (true)
        {
            var token = _tokens.Take();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new WriteText(token.At, token.Text));
                    break;
                case TokenKind.ExpressionBegin:
                    statements.Add(new WriteValue(token.At, _expressions.ReadTuple()));
                    _ = _tokens.Require(TokenKind.ExpressionEnd, "the end of the tag");
                    break;
                case TokenKind.StatementBegin:
                    var name = _tokens.Require(TokenKind.Name, "the name of a tag");
                    if (ends.Contains(name.Text))
                        return (new Block(statements), name.Text);
                    statements.Add(_tokens.Nest(() => ReadStatement(name)));
                    break;
                case TokenKind.End when ends.Count == 0:
                    return (new Block(statements), "");
                default:
                    throw begin.Fault($"this tag needs {string.Join(" or ", ends)}, which does not follow");
            }
        }
    }

    private Block ReadBody(Place begin, params IReadOnlyList<string> ends)
    {
        var (body, _) = ReadBlock(ends, begin);
        _tokens.RequireEndOfTag();
        return body;
    }

    // Where a loop can't be left.
    private Block ReadClosedBody(Place begin, string end)
    {
        var loops = _loops;
        _loops = 0;
        var body = ReadBody(begin, end);
        _loops = loops;
        return body;
    }

    private Statement ReadStatement(Token name)
    {
        switch (name.Text)
        {
            case "if":
                return ReadBranches(name.At);
            case "for":
                return ReadLoop(name.At);
            case "set":
                return ReadAssignment(name.At);
            case "macro":
                return ReadMacro(name.At);
            case "with":
                return ReadWith(name.At);
            case "generation":
                _tokens.RequireEndOfTag();
                return new GenerationBlock(name.At, ReadClosedBody(name.At, "endgeneration"));
            case "filter":
                var filters = _expressions.ReadFilters(_expressions.ReadNamedFilter(new Captured(name.At)));
                _tokens.RequireEndOfTag();
                return new FilterBlock(name.At, filters, ReadClosedBody(name.At, "endfilter"));
            case "break" or "continue" when _loops > 0:
                _tokens.RequireEndOfTag();
                return new Jump(name.At, name.Text == "break" ? Outcome.Break : Outcome.Continue);
            case "break" or "continue":
                throw name.At.Fault($"'{name.Text}' is not in a loop that it could leave");
            default:
                throw name.At.Fault($"the tag '{name.Text}' is not supported here");
        }
    }

    private Branches ReadBranches(Place at)
    {
        var branches = new List<(Expression?, Block)>();
        Expression? condition = _expressions.ReadTuple();
        while (true)
        {
            _tokens.RequireEndOfTag();
            var (body, end) = ReadBlock(condition is null ? ["endif"] : ["elif", "else", "endif"], at);
            branches.Add((condition, body));
            if (end == "endif")
            {
                _tokens.RequireEndOfTag();
                return new Branches(at, branches);
            }

            condition = end == "elif" ? _expressions.ReadTuple() : null;
        }
    }

    private Loop ReadLoop(Place at)
    {
        var target = ReadTargets(canBeAttribute: false);
        if (!_tokens.SkipName("in"))
            throw _tokens.At.Fault($"'in' is expected instead of {_tokens.Current}");
        var over = ReadIterable();
        var condition = _tokens.SkipName("if") ? _expressions.Read() : null;
        var isRecursive = _tokens.SkipName("recursive");
        _tokens.RequireEndOfTag();
        _loops++;
        var (body, end) = ReadBlock(["else", "endfor"], at);
        _loops--;
        _tokens.RequireEndOfTag();
        return new Loop(at, target, over, condition, body, end == "else" ? ReadBody(at, "endfor") : null, isRecursive);
    }

    // The word if behind it belongs to the loop.
    private Expression ReadIterable()
    {
        var at = _tokens.At;
        List<Expression> items = [_expressions.ReadWithoutCondition()];
        var isTuple = false;
        while (_tokens.SkipSign(","))
        {
            isTuple = true;
            items.Add(_expressions.ReadWithoutCondition());
        }

        return isTuple ? new ListOf(at, items, isTuple: true) : items[0];
    }

    private Statement ReadAssignment(Place at)
    {
        var target = ReadTargets(canBeAttribute: true);
        if (_tokens.SkipSign("="))
        {
            var value = _expressions.ReadTuple();
            _tokens.RequireEndOfTag();
            return new Assignment(at, target, value);
        }

        var filters = _expressions.ReadFilters(new Captured(at));
        _tokens.RequireEndOfTag();
        return new BlockAssignment(at, target, filters, ReadClosedBody(at, "endset"));
    }

    private Target ReadTargets(bool canBeAttribute)
    {
        List<Target> targets = [ReadTarget(canBeAttribute)];
        while (_tokens.SkipSign(","))
            targets.Add(ReadTarget(canBeAttribute));
        return targets.Count == 1 ? targets[0] : new SeveralTargets(targets);
    }

    private Target ReadTarget(bool canBeAttribute)
    {
        if (_tokens.SkipSign("("))
        {
            var inner = _tokens.Nest(() => ReadTargets(canBeAttribute));
            _tokens.RequireSign(")");
            return inner;
        }

        var name = _tokens.Require(TokenKind.Name, "a name");
        if (name.Text is "loop" or "true" or "false" or "none" or "True" or "False" or "None")
            throw name.At.Fault($"'{name.Text}' can't be set");
        return canBeAttribute && _tokens.SkipSign(".")
            ? new AttributeTarget(name.Text, _tokens.Require(TokenKind.Name, "the name of an attribute").Text)
            : new NameTarget(name.Text);
    }

    private Macro ReadMacro(Place at)
    {
        var name = _tokens.Require(TokenKind.Name, "the name of the macro").Text;
        var parameters = new List<(string, Expression?)>();
        _tokens.RequireSign("(");
        while (!_tokens.SkipSign(")"))
        {
            var parameter = _tokens.Require(TokenKind.Name, "the name of a parameter").Text;
            parameters.Add((parameter, _tokens.SkipSign("=") ? _expressions.Read() : null));
            if (!_tokens.SkipSign(","))
            {
                _tokens.RequireSign(")");
                break;
            }
        }

        _tokens.RequireEndOfTag();
        return new Macro(at, name, parameters, ReadClosedBody(at, "endmacro"));
    }

    private With ReadWith(Place at)
    {
        var values = new List<(Target, Expression)>();
        while (_tokens.Current.Kind != TokenKind.StatementEnd)
        {
            var target = ReadTarget(canBeAttribute: false);
            _tokens.RequireSign("=");
            values.Add((target, _expressions.Read()));
            if (!_tokens.SkipSign(","))
                break;
        }

        _tokens.RequireEndOfTag();
        return new With(at, values, ReadBody(at, "endwith"));
    }
}
