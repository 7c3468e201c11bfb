namespace AdaLora.Transformers.Tokenization;

/// <summary>The special tokens around and between texts: start, first text, end, or start, first text, between, second text, end.</summary>
/// <param name="Start">Ids before the first text.</param>
/// <param name="Between">Ids between the texts of a pair.</param>
/// <param name="End">Ids at the end.</param>
/// <param name="MarksSecond">Whether the second text and the end of a pair get type id 1.</param>
internal sealed record SequenceTemplate(int[] Start, int[] Between, int[] End, bool MarksSecond)
{
    public int Overhead(bool isPair) => Start.Length + End.Length + (isPair ? Between.Length : 0);

    public TokenizedText Assemble(ReadOnlySpan<int> first, ReadOnlySpan<int> second, bool isPair)
    {
        var ids = new int[Overhead(isPair) + first.Length + second.Length];
        var types = new int[ids.Length];
        var rest = Put(Put(ids, Start), first);
        if (isPair)
        {
            rest = Put(rest, Between);
            if (MarksSecond)
                types.AsSpan(ids.Length - rest.Length).Fill(1);
            rest = Put(rest, second);
        }
        _ = Put(rest, End);
        return new TokenizedText(ids, types);
    }

    private static Span<int> Put(Span<int> target, ReadOnlySpan<int> values)
    {
        values.CopyTo(target);
        return target[values.Length..];
    }
}
