using AdaLora.Transformers.Tokenization.Files;

namespace AdaLora.Transformers.Tokenization;

/// <summary>How a WordPiece tokenizer cleans its text and what its special tokens are called. The defaults are those of uncased BERT.</summary>
public sealed record WordPieceSettings
{
    /// <summary>Whether letters are lower-cased.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>Whether accents are removed; null means that they are if letters are lower-cased.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Whether every CJK ideograph is a word of its own.</summary>
    public bool SeparateIdeographs { get; init; } = true;

    /// <summary>Whether control, format and private-use characters are dropped.</summary>
    public bool CleanText { get; init; } = true;

    /// <summary>The greatest length of a word in code points; longer ones become one unknown token.</summary>
    public int MaxWordLength { get; init; } = 100;

    /// <summary>What marks a piece inside a word.</summary>
    public string ContinuationPrefix { get; init; } = "##";

    /// <summary>The token for words that can't be spelled.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>The token that fills rows.</summary>
    public string PadToken { get; init; } = "[PAD]";

    /// <summary>The token before the first text.</summary>
    public string StartToken { get; init; } = "[CLS]";

    /// <summary>The token after each text.</summary>
    public string SeparatorToken { get; init; } = "[SEP]";

    /// <summary>The token that hides another one in masked-language modelling.</summary>
    public string MaskToken { get; init; } = "[MASK]";

    /// <summary>What the special tokens are called.</summary>
    internal SpecialTokenNames Names => new(UnknownToken, PadToken, StartToken, SeparatorToken, MaskToken);
}
