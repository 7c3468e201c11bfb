namespace AdaLora.Transformers.Tokenization;

/// <summary>Special tokens around one text or two, each with its type id, and the type ids of the texts. A frame of one text has nothing between and an empty second one.</summary>
internal sealed record SequenceFrame(
    IReadOnlyList<(int Id, int Type)> Before, int FirstType, IReadOnlyList<(int Id, int Type)> Between, int SecondType, IReadOnlyList<(int Id, int Type)> After)
{
    /// <summary>The number of special tokens.</summary>
    public int Overhead => Before.Count + Between.Count + After.Count;

    public SequenceFrame WithoutTypes() => new(WithoutTypes(Before), 0, WithoutTypes(Between), 0, WithoutTypes(After));

    public TokenizedText Assemble(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        var ids = new int[Overhead + first.Length + second.Length];
        var types = new int[ids.Length];
        var next = Put(ids, types, 0, Before);
        next = Put(ids, types, next, first, FirstType);
        next = Put(ids, types, next, Between);
        next = Put(ids, types, next, second, SecondType);
        _ = Put(ids, types, next, After);
        return new TokenizedText(ids, types);
    }

    private static IReadOnlyList<(int Id, int Type)> WithoutTypes(IReadOnlyList<(int Id, int Type)> tokens) => [.. tokens.Select(token => (token.Id, 0))];

    private static int Put(int[] ids, int[] types, int next, IReadOnlyList<(int Id, int Type)> tokens)
    {
        foreach (var token in tokens)
            (ids[next], types[next++]) = token;
        return next;
    }

    private static int Put(int[] ids, int[] types, int next, ReadOnlySpan<int> text, int type)
    {
        text.CopyTo(ids.AsSpan(next));
        types.AsSpan(next, text.Length).Fill(type);
        return next + text.Length;
    }
}
