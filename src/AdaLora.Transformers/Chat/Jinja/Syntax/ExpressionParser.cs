using System.Globalization;
using AdaLora.Transformers.Chat.Jinja.Expressions;
using AdaLora.Transformers.Chat.Jinja.Functions;

namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>Reads expressions.</summary>
internal sealed class ExpressionParser(TokenReader tokens)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression, or several with commas between them as a tuple.</summary>
    public Expression ReadTuple()
    {
        var at = tokens.At;
        var first = Read();
        if (!tokens.Current.Is(TokenKind.Sign, ","))
            return first;
        List<Expression> items = [first];
        while (tokens.SkipSign(",") && tokens.Current.Kind is not (TokenKind.StatementEnd or TokenKind.ExpressionEnd))
            items.Add(Read());
        return new ListOf(at, items, isTuple: true);
    }

    /// <summary>An expression.</summary>
    public Expression Read() => tokens.Nest(() => ReadConditional(withElse: true));

    /// <summary>An expression that is not followed by a condition of its own.</summary>
    public Expression ReadWithoutCondition() => tokens.Nest(ReadOr);

    /// <summary>Filters behind what a block writes: a bar and a filter, any number of times.</summary>
    public Expression ReadFilters(Expression of)
    {
        while (tokens.Current.Is(TokenKind.Sign, "|"))
            of = ReadFilter(of);
        return of;
    }

    /// <summary>The first of the filters behind what a block writes, without a bar.</summary>
    public Expression ReadNamedFilter(Expression of) => Filter(of, tokens.At);

    private Expression ReadConditional(bool withElse)
    {
        var value = ReadOr();
        while (withElse && tokens.Current.Is(TokenKind.Name, "if"))
        {
            var at = tokens.Take().At;
            var condition = ReadOr();
            value = new Conditional(at, condition, value, tokens.SkipName("else") ? tokens.Nest(() => ReadConditional(withElse: true)) : null);
        }

        return value;
    }

    private Expression ReadOr()
    {
        var left = ReadAnd();
        while (tokens.Current.Is(TokenKind.Name, "or"))
            left = new Logical(tokens.Take().At, left, ReadAnd(), isAnd: false);
        return left;
    }

    private Expression ReadAnd()
    {
        var left = ReadNot();
        while (tokens.Current.Is(TokenKind.Name, "and"))
            left = new Logical(tokens.Take().At, left, ReadNot(), isAnd: true);
        return left;
    }

    private Expression ReadNot() =>
        tokens.Current.Is(TokenKind.Name, "not") ? new Negation(tokens.Take().At, tokens.Nest(ReadNot)) : ReadComparison();

    private Expression ReadComparison()
    {
        var at = tokens.At;
        var first = ReadSum();
        var others = new List<(string, Expression)>();
        while (true)
        {
            if (tokens.Current.Kind == TokenKind.Sign && Comparisons.Contains(tokens.Current.Text))
                others.Add((tokens.Take().Text, ReadSum()));
            else if (tokens.SkipName("in"))
                others.Add(("in", ReadSum()));
            else if (tokens.Current.Is(TokenKind.Name, "not") && tokens.Following.Is(TokenKind.Name, "in"))
                others.Add((tokens.Take().Text + " " + tokens.Take().Text, ReadSum()));
            else
                return others.Count == 0 ? first : new Comparison(at, first, others);
        }
    }

    private Expression ReadSum() => ReadOperations(ReadJoined, "+", "-");

    private Expression ReadJoined()
    {
        var at = tokens.At;
        List<Expression> parts = [ReadProduct()];
        while (tokens.SkipSign("~"))
            parts.Add(ReadProduct());
        return parts.Count == 1 ? parts[0] : new Joined(at, parts);
    }

    private Expression ReadProduct() => ReadOperations(ReadPower, "*", "/", "//", "%");

    private Expression ReadPower() => ReadOperations(() => ReadSigned(withFilters: true), "**");

    private Expression ReadOperations(Func<Expression> read, params string[] signs)
    {
        var left = read();
        while (tokens.Current.Kind == TokenKind.Sign && signs.Contains(tokens.Current.Text))
        {
            var sign = tokens.Take();
            left = new Operation(sign.At, sign.Text, left, read());
        }

        return left;
    }

    // A filter belongs to the number with its sign.
    private Expression ReadSigned(bool withFilters)
    {
        var at = tokens.At;
        var value = tokens.SkipSign("-") ? new Signed(at, isNegative: true, tokens.Nest(() => ReadSigned(withFilters: false)))
            : tokens.SkipSign("+") ? new Signed(at, isNegative: false, tokens.Nest(() => ReadSigned(withFilters: false)))
            : ReadPrimary();
        value = ReadPostfix(value);
        return withFilters ? ReadFiltersAndTests(value) : value;
    }

    private Expression ReadPrimary()
    {
        var token = tokens.Take();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(token.At, true),
                    "false" or "False" => new Literal(token.At, false),
                    "none" or "None" => new Literal(token.At, null),
                    "if" or "else" or "and" or "or" or "not" or "in" or "is" => throw token.At.Fault($"a value is expected instead of {token}"),
                    _ => new Variable(token.At, token.Text),
                };
            case TokenKind.Text:
                var text = token.Text;
                while (tokens.Current.Kind == TokenKind.Text)
                    text += tokens.Take().Text;
                return new Literal(token.At, text);
            case TokenKind.Integer:
                return new Literal(token.At, WholeNumber(token));
            case TokenKind.Float:
                return new Literal(token.At, double.Parse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture));
            case TokenKind.Sign when token.Text == "(":
                return ReadBracket(token.At);
            case TokenKind.Sign when token.Text == "[":
                return new ListOf(token.At, ReadItems("]", Read), isTuple: false);
            case TokenKind.Sign when token.Text == "{":
                return new MappingOf(token.At, ReadItems("}", () =>
                {
                    var key = Read();
                    tokens.RequireSign(":");
                    return (key, Read());
                }));
            default:
                throw token.At.Fault($"a value is expected instead of {token}");
        }
    }

    private Expression ReadBracket(Place at)
    {
        if (tokens.SkipSign(")"))
            return new ListOf(at, [], isTuple: true);
        var first = Read();
        if (tokens.SkipSign(")"))
            return first;
        tokens.RequireSign(",");
        return new ListOf(at, [first, .. ReadItems(")", Read)], isTuple: true);
    }

    // A comma may follow the last item.
    private List<T> ReadItems<T>(string end, Func<T> read)
    {
        var items = new List<T>();
        while (!tokens.SkipSign(end))
        {
            items.Add(read());
            if (!tokens.SkipSign(","))
            {
                tokens.RequireSign(end);
                break;
            }
        }

        return items;
    }

    private Expression ReadPostfix(Expression value)
    {
        while (true)
        {
            var at = tokens.At;
            if (tokens.SkipSign("."))
                value = new Access(at, value, ReadAttribute(), isAttribute: true);
            else if (tokens.SkipSign("["))
                value = ReadSubscript(at, value);
            else if (tokens.SkipSign("("))
                value = new Call(at, value, ReadArguments());
            else
                return value;
        }
    }

    private static long WholeNumber(Token token) =>
        long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw token.At.Fault("the number is too large");

    private Literal ReadAttribute()
    {
        var name = tokens.Take();
        return name.Kind switch
        {
            TokenKind.Name => new Literal(name.At, name.Text),
            TokenKind.Integer => new Literal(name.At, WholeNumber(name)),
            _ => throw name.At.Fault($"a name is expected instead of {name}"),
        };
    }

    private Expression ReadSubscript(Place at, Expression of)
    {
        var first = tokens.Current.Is(TokenKind.Sign, ":") ? null : Read();
        if (first is not null && tokens.SkipSign("]"))
            return new Access(at, of, first, isAttribute: false);
        tokens.RequireSign(":");
        var last = ReadBound();
        var step = tokens.SkipSign(":") ? ReadBound() : null;
        tokens.RequireSign("]");
        return new Slice(at, of, first, last, step);
    }

    private Expression? ReadBound() => tokens.Current.Is(TokenKind.Sign, ":") || tokens.Current.Is(TokenKind.Sign, "]") ? null : Read();

    private WrittenArguments ReadArguments()
    {
        var named = new List<(string Name, Expression Value)>();
        var positional = ReadItems(")", Expression? () =>
        {
            if (tokens.Current.Kind == TokenKind.Name && tokens.Following.Is(TokenKind.Sign, "="))
            {
                var name = tokens.Take();
                _ = tokens.Take();
                if (named.Exists(other => other.Name == name.Text))
                    throw name.At.Fault($"the argument '{name.Text}' is given twice");
                named.Add((name.Text, Read()));
                return null;
            }

            return named.Count == 0 ? Read() : throw tokens.At.Fault("an argument without a name follows one with a name");
        });
        return new WrittenArguments([.. positional.OfType<Expression>()], named);
    }

    private Expression ReadFiltersAndTests(Expression value)
    {
        while (true)
        {
            if (tokens.Current.Is(TokenKind.Sign, "|"))
                value = ReadFilter(value);
            else if (tokens.Current.Is(TokenKind.Name, "is"))
                value = ReadTest(value);
            else if (tokens.Current.Is(TokenKind.Sign, "("))
                value = new Call(tokens.Take().At, value, ReadArguments());
            else
                return value;
        }
    }

    private Filtered ReadFilter(Expression of) => Filter(of, tokens.Take().At);

    private Filtered Filter(Expression of, Place at)
    {
        var name = tokens.Require(TokenKind.Name, "the name of a filter");
        if (!Filters.Exists(name.Text))
            throw name.At.Fault($"the filter '{name.Text}' is not supported");
        return new Filtered(at, of, name.Text, tokens.SkipSign("(") ? ReadArguments() : WrittenArguments.None);
    }

    private Expression ReadTest(Expression of)
    {
        var at = tokens.Take().At;
        var isNegated = tokens.SkipName("not");
        var name = tokens.Take();
        if (!Tests.Exists(name.Text) || name.Kind is not (TokenKind.Name or TokenKind.Sign))
            throw name.At.Fault($"the test {name} is not supported");
        var arguments = tokens.SkipSign("(") ? ReadArguments()
            : BeginsValue(tokens.Current) ? new WrittenArguments([ReadPostfix(ReadPrimary())], [])
            : WrittenArguments.None;
        var test = new Tested(at, of, name.Text, arguments);
        return isNegated ? new Negation(at, test) : test;
    }

    // The argument of a test may stand without brackets.
    private static bool BeginsValue(Token token) => token.Kind switch
    {
        TokenKind.Name => token.Text is not ("else" or "or" or "and" or "is" or "if" or "not" or "in"),
        TokenKind.Sign => token.Text is "[" or "{",
        _ => token.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float,
    };
}
