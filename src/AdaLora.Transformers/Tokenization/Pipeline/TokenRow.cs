namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Texts with special tokens around them, token by token.</summary>
/// <param name="length">The number of tokens.</param>
/// <param name="withPlaces">Whether it is kept where they come from.</param>
internal sealed class TokenRow(int length, bool withPlaces)
{
    private int _count;

    public int[] Ids { get; } = new int[length];

    public int[] TypeIds { get; } = new int[length];

    /// <summary>Where each token comes from, if that is kept; a special token comes from nowhere.</summary>
    public PlacedToken[] Tokens { get; } = withPlaces ? new PlacedToken[length] : [];

    /// <summary>The text of each token, if that is kept: 0, 1, or -1 for special tokens.</summary>
    public sbyte[] Sequences { get; } = withPlaces ? new sbyte[length] : [];

    public void Add(IReadOnlyList<(int Id, int Type)> special)
    {
        foreach (var (id, type) in special)
            Add(new PlacedToken(id, 0, 0, -1), type, -1);
    }

    public void Add(ReadOnlySpan<PlacedToken> text, int type, sbyte sequence)
    {
        foreach (var token in text)
            Add(token, type, sequence);
    }

    private void Add(PlacedToken token, int type, sbyte sequence)
    {
        (Ids[_count], TypeIds[_count]) = (token.Id, type);
        if (withPlaces)
            (Tokens[_count], Sequences[_count]) = (token, sequence);
        _count++;
    }
}
