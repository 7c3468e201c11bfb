namespace AdaLora.Transformers.Tokenization;

/// <summary>What a byte-level tokenizer needs to know besides its vocabulary. The defaults are RoBERTa's.</summary>
internal sealed record ByteLevelBpeSettings
{
    /// <summary>Whether a text that does not begin with a space is treated as if it did.</summary>
    public bool AddPrefixSpace { get; init; }

    public string StartToken { get; init; } = "<s>";

    public string SeparatorToken { get; init; } = "</s>";

    public string PadToken { get; init; } = "<pad>";

    public string UnknownToken { get; init; } = "<unk>";

    public string MaskToken { get; init; } = "<mask>";

    /// <summary>The special tokens if no file describes them; without ids.</summary>
    public AddedToken[] SpecialTokens =>
        [.. new[] { StartToken, PadToken, SeparatorToken, UnknownToken, MaskToken }.Distinct(StringComparer.Ordinal).Select(token => new AddedToken(token, -1, TakesSpaceBefore: token == MaskToken))];

    /// <summary>The frame of texts if no file describes it.</summary>
    /// <exception cref="KeyNotFoundException">The vocabulary lacks one of the tokens.</exception>
    public SequenceTemplate Frame(Vocabulary vocabulary) => SequenceTemplate.Roberta(vocabulary.Require(StartToken), vocabulary.Require(SeparatorToken));
}
