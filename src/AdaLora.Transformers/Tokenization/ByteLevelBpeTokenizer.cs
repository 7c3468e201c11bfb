using Microsoft.ML.Tokenizers;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// RoBERTa's tokenizer: the bytes of each word are joined in the order of the merges that training found. Joining is left to Microsoft.ML.Tokenizers; cutting into words and special tokens
/// are done here, because the library cuts with a .NET expression, which recognises no letters beyond the basic plane.
/// </summary>
public sealed class ByteLevelBpeTokenizer : TextTokenizer
{
    private readonly Vocabulary _vocabulary;
    private readonly BpeTokenizer _pieces;
    private readonly bool _addPrefixSpace;

    internal ByteLevelBpeTokenizer(Vocabulary vocabulary, IEnumerable<string> merges, ByteLevelBpeSettings settings, SequenceTemplate template)
        : base(template, vocabulary.AddedTokens, vocabulary.Require(settings.PadToken))
    {
        _vocabulary = vocabulary;
        _addPrefixSpace = settings.AddPrefixSpace;
        UnknownId = vocabulary.IdOf(settings.UnknownToken);
        MaskId = vocabulary.IdOf(settings.MaskToken);
        _pieces = BpeTokenizer.Create(new BpeOptions(vocabulary.Tokens) { Merges = merges, ByteLevel = true });
    }

    /// <inheritdoc/>
    public override int? UnknownId { get; }

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
        if (_addPrefixSpace && text[0] != ' ')
            ByteLevelSplitter.Split($" {text}", Append);
        else
            ByteLevelSplitter.Split(text, Append);

        void Append(ReadOnlySpan<char> piece) => ids.AddRange(_pieces.EncodeToIds(piece, considerPreTokenization: false, considerNormalization: false));
    }
}
