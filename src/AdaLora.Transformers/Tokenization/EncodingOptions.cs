namespace AdaLora.Transformers.Tokenization;

/// <summary>How <see cref="TextTokenizer.EncodeAligned"/> encodes a text.</summary>
public sealed record EncodingOptions
{
    /// <summary>The greatest length of a row in tokens, special tokens included, or null for no limit.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Which text of a pair is cut to reach <see cref="MaxLength"/>.</summary>
    public TruncationStrategy Truncation { get; init; }

    /// <summary>How many tokens of the text that is cut neighbouring windows have in common; see <see cref="AlignedTokens.Overflow"/>.</summary>
    public int Stride { get; init; }

    /// <summary>Whether the special tokens are added that the model expects around texts.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>What special tokens are that are written out in a text; what the tokenizer's files say if null.</summary>
    public SpecialTokensInText? SpecialTokensInText { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Stride, nameof(Stride));
        if (!Enum.IsDefined(Truncation))
            throw new ArgumentOutOfRangeException(nameof(Truncation), Truncation, "Unknown truncation strategy.");
        if (SpecialTokensInText is { } treatment && !Enum.IsDefined(treatment))
            throw new ArgumentOutOfRangeException(nameof(SpecialTokensInText), treatment, "Unknown treatment of special tokens.");
    }
}
