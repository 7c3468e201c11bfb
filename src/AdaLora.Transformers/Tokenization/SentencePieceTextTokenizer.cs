using Microsoft.ML.Tokenizers;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// DeBERTa's tokenizer of versions 2 and 3: SentencePiece unigrams, with [PAD], [CLS], [SEP] and [UNK] before and [MASK] after the pieces. The search for the likeliest pieces is left to
/// Microsoft.ML.Tokenizers; normalisation, special tokens and the joining of unknown neighbours are done here, because the library differs there from the reference.
/// </summary>
public sealed class SentencePieceTextTokenizer : TextTokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly SentencePieceTokenizer _pieces;
    private readonly SentencePieceNormalization _normalization;
    private readonly int _unknownId;

    internal SentencePieceTextTokenizer(SentencePieceTokenizer pieces, SentencePieceNormalization normalization, Vocabulary vocabulary, SentencePieceSettings settings, SequenceTemplate template)
        : base(
            template,
            vocabulary.AddedTokens,
            vocabulary.Require(settings.PadToken),
            text => normalization.ApplyTable(text))
    {
        _vocabulary = vocabulary;
        _pieces = pieces;
        _normalization = normalization;
        _unknownId = pieces.UnknownId;
        MaskId = vocabulary.IdOf(settings.MaskToken);
    }

    /// <inheritdoc/>
    public override int? UnknownId => _unknownId;

    /// <inheritdoc/>
    public override int? MaskId { get; }

    /// <inheritdoc/>
    public override int VocabularySize => _vocabulary.Size;

    /// <inheritdoc/>
    public override string? GetToken(int id) => _vocabulary.TokenOf(id);

    /// <inheritdoc/>
    public override int? GetId(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _vocabulary.IdOf(token);
    }

    private protected override void AppendIds(ReadOnlySpan<char> text, List<int> ids)
    {
        var normalized = _normalization.Apply(text);
        if (normalized.Length == 0)
            return;
        var previous = -1;
        foreach (var id in _pieces.EncodeToIds(normalized, addBeginningOfSentence: false, addEndOfSentence: false, considerPreTokenization: false, considerNormalization: false))
        {
            // A stretch of unknown characters is one unknown piece.
            if (id != _unknownId || id != previous)
                ids.Add(id);
            previous = id;
        }
    }
}
