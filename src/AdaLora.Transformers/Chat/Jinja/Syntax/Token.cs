namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>A piece of a template.</summary>
internal readonly record struct Token(TokenKind Kind, string Text, Place At)
{
    /// <summary>Whether this is a certain name or sign.</summary>
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;

    /// <summary>The token as messages name it.</summary>
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.StatementEnd => "the end of the tag",
        TokenKind.ExpressionEnd => "the end of the tag",
        TokenKind.Text => $"the string '{Text}'",
        _ => $"'{Text}'",
    };
}
