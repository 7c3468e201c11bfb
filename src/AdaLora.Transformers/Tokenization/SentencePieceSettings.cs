namespace AdaLora.Transformers.Tokenization;

/// <summary>The special tokens of a SentencePiece tokenizer. The defaults are DeBERTa's.</summary>
internal sealed record SentencePieceSettings
{
    public string PadToken { get; init; } = "[PAD]";

    public string StartToken { get; init; } = "[CLS]";

    public string SeparatorToken { get; init; } = "[SEP]";

    public string UnknownToken { get; init; } = "[UNK]";

    public string MaskToken { get; init; } = "[MASK]";

    /// <summary>The special tokens if no file describes them; without ids.</summary>
    public AddedToken[] SpecialTokens => [.. new[] { PadToken, StartToken, SeparatorToken, UnknownToken, MaskToken }.Distinct(StringComparer.Ordinal).Select(token => new AddedToken(token, -1))];

    /// <summary>The frame of texts if no file describes it.</summary>
    /// <exception cref="KeyNotFoundException">The vocabulary lacks one of the tokens.</exception>
    public SequenceTemplate Frame(Vocabulary vocabulary) => SequenceTemplate.Bert(vocabulary.Require(StartToken), vocabulary.Require(SeparatorToken));
}
