namespace AdaLora.Transformers.Tokenization;

/// <summary>The special tokens of a SentencePiece tokenizer. The defaults are DeBERTa's.</summary>
internal sealed record SentencePieceSettings
{
    public string PadToken { get; init; } = "[PAD]";

    public string StartToken { get; init; } = "[CLS]";

    public string SeparatorToken { get; init; } = "[SEP]";

    public string UnknownToken { get; init; } = "[UNK]";

    public string MaskToken { get; init; } = "[MASK]";
}
