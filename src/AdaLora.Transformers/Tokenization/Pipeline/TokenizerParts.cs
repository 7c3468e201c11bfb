using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.Models;
using AdaLora.Transformers.Tokenization.Normalizers;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>What a tokenizer consists of, whichever files it was read from.</summary>
internal sealed record TokenizerParts
{
    public required IReadOnlyList<TextNormalizer> Normalizers { get; init; }

    public required IReadOnlyList<PreTokenizer> PreTokenizers { get; init; }

    public required TokenModel Model { get; init; }

    public required Vocabulary Vocabulary { get; init; }

    public required SequenceTemplate Template { get; init; }

    /// <summary>The steps of decoding; null if tokens are joined by spaces.</summary>
    public IReadOnlyList<TokenDecoder>? Decoders { get; init; }

    /// <summary>Whether spaces before punctuation are removed from decoded texts.</summary>
    public bool CleansUpSpaces { get; init; }

    /// <summary>Whether special tokens in a text are text, unless the caller says otherwise.</summary>
    public bool SplitsSpecialTokens { get; init; }

    public required int PadId { get; init; }

    public int? UnknownId { get; init; }

    public int? MaskId { get; init; }
}
