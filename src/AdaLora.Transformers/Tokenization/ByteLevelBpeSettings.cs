namespace AdaLora.Transformers.Tokenization;

/// <summary>What a byte-level tokenizer has to know beside its vocabulary. The defaults are RoBERTa's.</summary>
internal sealed record ByteLevelBpeSettings
{
    /// <summary>Whether a text that does not begin with a space is treated as if it did.</summary>
    public bool AddPrefixSpace { get; init; }

    public string StartToken { get; init; } = "<s>";

    public string SeparatorToken { get; init; } = "</s>";

    public string PadToken { get; init; } = "<pad>";

    public string UnknownToken { get; init; } = "<unk>";

    public string MaskToken { get; init; } = "<mask>";
}
