namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Texts with special tokens around them, token by token.</summary>
internal sealed class TokenRow(int length)
{
    private int _count;

    public int[] Ids { get; } = new int[length];

    public int[] TypeIds { get; } = new int[length];

    /// <summary>Where each token comes from; a special token comes from nowhere.</summary>
    public PlacedToken[] Tokens { get; } = new PlacedToken[length];

    /// <summary>The text of each token: 0, 1, or -1 for special tokens.</summary>
    public sbyte[] Sequences { get; } = new sbyte[length];

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
        (Ids[_count], TypeIds[_count], Tokens[_count], Sequences[_count]) = (token.Id, type, token, sequence);
        _count++;
    }
}
