namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>The tokens of a template, one after another.</summary>
internal sealed class TokenReader(IReadOnlyList<Token> tokens)
{
    private const int MostLevels = 200;

    private int _next;
    private int _level;

    public Token Current => tokens[_next];

    public Token Following => tokens[Math.Min(_next + 1, tokens.Count - 1)];

    public Place At => Current.At;

    public Token Take() => Current.Kind == TokenKind.End ? Current : tokens[_next++];

    /// <summary>Goes on if the next token is a certain one.</summary>
    public bool Skip(TokenKind kind, string text)
    {
        if (!Current.Is(kind, text))
            return false;
        _next++;
        return true;
    }

    public bool SkipSign(string text) => Skip(TokenKind.Sign, text);

    public bool SkipName(string text) => Skip(TokenKind.Name, text);

    /// <summary>The next token, which must be of a certain kind.</summary>
    public Token Require(TokenKind kind, string what) => Current.Kind == kind ? Take() : throw At.Fault($"{what} is expected instead of {Current}");

    public void RequireSign(string text)
    {
        if (!SkipSign(text))
            throw At.Fault($"'{text}' is expected instead of {Current}");
    }

    public void RequireEndOfTag() => Require(TokenKind.StatementEnd, "the end of the tag");

    /// <summary>Reads something that may hold something of its kind.</summary>
    public T Nest<T>(Func<T> read)
    {
        if (++_level > MostLevels)
            throw At.Fault($"the template is nested more than {MostLevels} levels deep");
        var result = read();
        _level--;
        return result;
    }
}
