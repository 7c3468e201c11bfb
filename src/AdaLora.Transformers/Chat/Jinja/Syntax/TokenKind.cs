namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>What a token is.</summary>
internal enum TokenKind
{
    /// <summary>Text outside tags.</summary>
    Data,

    /// <summary>The beginning of a tag with an expression.</summary>
    ExpressionBegin,

    /// <summary>Its end.</summary>
    ExpressionEnd,

    /// <summary>The beginning of a tag with a statement.</summary>
    StatementBegin,

    /// <summary>Its end.</summary>
    StatementEnd,

    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A string, its text without quotation marks and escapes.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction or an exponent.</summary>
    Float,

    /// <summary>An operator or a bracket.</summary>
    Sign,

    /// <summary>The end of the template.</summary>
    End,
}
