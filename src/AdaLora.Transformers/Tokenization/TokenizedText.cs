namespace AdaLora.Transformers.Tokenization;

/// <summary>A text, or a pair of texts, as a model reads it: token ids with the special tokens around them, not yet padded.</summary>
public class TokenizedText
{
    private readonly int[] _ids;
    private readonly int[] _typeIds;

    internal TokenizedText(int[] ids, int[] typeIds)
    {
        _ids = ids;
        _typeIds = typeIds;
    }

    /// <summary>The token ids.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>For every token the text it belongs to: 0 for the first, 1 for the second if the model distinguishes them, otherwise 0.</summary>
    public IReadOnlyList<int> TypeIds => _typeIds;

    /// <summary>The number of tokens.</summary>
    public int Length => _ids.Length;

    internal ReadOnlySpan<int> IdSpan => _ids;

    internal ReadOnlySpan<int> TypeIdSpan => _typeIds;
}
