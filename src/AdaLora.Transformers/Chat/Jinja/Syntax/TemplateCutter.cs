namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>
/// Cuts a template into text and tags. As in transformers, the first line feed after a statement or a comment goes, and so do blanks in front of one at the start of a line (trim_blocks and
/// lstrip_blocks); a minus sign in a tag takes all white space on its side, and a plus sign keeps it.
/// </summary>
internal sealed class TemplateCutter
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private readonly List<int> _lines = [0];
    private int _at;
    private bool _startsLine = true;

    private TemplateCutter(string source)
    {
        _source = source;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\n')
                _lines.Add(i + 1);
        }
    }

    /// <summary>All tokens of a template.</summary>
    /// <exception cref="ChatTemplateException">A tag or a string is not closed, or holds a character that no token has.</exception>
    public static IReadOnlyList<Token> Cut(string template)
    {
        var source = template.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var cutter = new TemplateCutter(source.EndsWith('\n') ? source[..^1] : source);
        cutter.Run();
        return cutter._tokens;
    }

    private void Run()
    {
        while (NextTag() is var tag && tag >= 0)
        {
            switch (_source[tag + 1])
            {
                case '{':
                    OpenTag(tag, isExpression: true);
                    CutTag("}}", TokenKind.ExpressionEnd);
                    break;
                case '%' when RawBegin(tag) is { } begin:
                    OpenTag(tag, isExpression: false, add: false);
                    CutRaw(tag, begin);
                    break;
                case '%':
                    OpenTag(tag, isExpression: false);
                    CutTag("%}", TokenKind.StatementEnd);
                    break;
                default:
                    OpenTag(tag, isExpression: false, add: false);
                    SkipComment(tag);
                    break;
            }
        }

        AddData(_source[_at..], _at);
        _tokens.Add(new Token(TokenKind.End, "", PlaceOf(_source.Length)));
    }

    private int NextTag()
    {
        for (var i = _source.IndexOf('{', _at); i >= 0 && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }

        return -1;
    }

    // Adds the text in front of a tag, and goes behind the tag's first signs.
    private void OpenTag(int tag, bool isExpression, bool add = true)
    {
        var text = _source[_at..tag];
        var sign = tag + 2 < _source.Length ? _source[tag + 2] : ' ';
        if (sign == '-')
            text = text[..Spaces.EndWithout(text)];
        else if (sign != '+' && !isExpression)
            text = WithoutIndent(text);
        AddData(text, _at);
        if (add)
            _tokens.Add(new Token(isExpression ? TokenKind.ExpressionBegin : TokenKind.StatementBegin, _source.Substring(tag, 2), PlaceOf(tag)));
        _at = tag + (sign is '-' or '+' ? 3 : 2);
    }

    private string WithoutIndent(string text)
    {
        var line = text.LastIndexOf('\n') + 1;
        return (line > 0 || _startsLine) && Spaces.EndWithout(text) <= line ? text[..line] : text;
    }

    private void AddData(string text, int at)
    {
        if (text.Length > 0)
            _tokens.Add(new Token(TokenKind.Data, text, PlaceOf(at)));
    }

    private void CutTag(string end, TokenKind kind)
    {
        var begin = _tokens[^1];
        var scanner = new TagScanner(_source, _at, PlaceOf, begin.At);
        var brackets = new Stack<Token>();
        while (true)
        {
            var token = scanner.Next(end, canEnd: brackets.Count == 0);
            _at = scanner.At;
            if (token is not { } found)
                break;
            if (found.Kind == TokenKind.Sign)
                Match(found, brackets);
            _tokens.Add(found);
        }

        _tokens.Add(new Token(kind, end, PlaceOf(_at)));
        Close(end, isExpression: kind == TokenKind.ExpressionEnd);
    }

    private static void Match(Token sign, Stack<Token> brackets)
    {
        var kind = "([{)]}".IndexOf(sign.Text, StringComparison.Ordinal);
        if (kind is >= 0 and < 3)
            brackets.Push(sign);
        else if (kind >= 3 && (!brackets.TryPop(out var open) || "([{"[kind - 3] != open.Text[0]))
            throw sign.At.Fault($"'{sign.Text}' closes nothing here");
    }

    // Behind the last signs of a tag, which may begin with a minus or a plus.
    private void Close(string end, bool isExpression)
    {
        var sign = _source[_at];
        _at += sign is '-' or '+' ? 1 + end.Length : end.Length;
        var behind = _at;
        if (sign == '-')
            _at = Spaces.Skip(_source, _at);
        else if (sign != '+' && !isExpression && _at < _source.Length && _source[_at] == '\n')
            _at++;
        _startsLine = _at > behind && _source[_at - 1] == '\n';
    }

    private void SkipComment(int tag)
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw PlaceOf(tag).Fault("this comment is not closed");
        _at = end > _at && _source[end - 1] is '-' or '+' ? end - 1 : end;
        Close("#}", isExpression: false);
    }

    // The place behind the word of a tag that begins raw text, or null for another tag.
    private int? RawBegin(int tag) => WordBegin(tag, "raw");

    private int? WordBegin(int tag, string word)
    {
        var at = tag + 2;
        if (at < _source.Length && _source[at] is '-' or '+')
            at++;
        at = Spaces.Skip(_source, at);
        if (string.CompareOrdinal(_source, at, word, 0, word.Length) != 0)
            return null;
        at = Spaces.Skip(_source, at + word.Length);
        var end = at < _source.Length && _source[at] is '-' or '+' ? at + 1 : at;
        return string.CompareOrdinal(_source, end, "%}", 0, 2) == 0 ? at : null;
    }

    private void CutRaw(int tag, int behindWord)
    {
        _at = behindWord;
        Close("%}", isExpression: false);
        for (var next = _source.IndexOf("{%", _at, StringComparison.Ordinal); next >= 0; next = _source.IndexOf("{%", next + 2, StringComparison.Ordinal))
        {
            if (WordBegin(next, "endraw") is not { } end)
                continue;
            OpenTag(next, isExpression: false, add: false);
            _at = end;
            Close("%}", isExpression: false);
            return;
        }

        throw PlaceOf(tag).Fault("this raw text is not closed by endraw");
    }

    private Place PlaceOf(int at)
    {
        var line = _lines.BinarySearch(at);
        line = line < 0 ? ~line - 1 : line;
        return new Place(line + 1, at - _lines[line] + 1);
    }
}
