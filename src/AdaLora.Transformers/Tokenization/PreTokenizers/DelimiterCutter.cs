using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts at delimiters, which a derived class finds.</summary>
internal abstract class DelimiterCutter(SplitBehavior behavior, bool invert = false) : PieceCutter
{
    protected sealed override void Cut(ReadOnlySpan<char> piece, int start, List<Piece> pieces)
    {
        var parts = new List<(int Start, int End, bool IsDelimiter)>();
        var done = 0;
        foreach (var (from, to) in FindDelimiters(piece))
        {
            if (from > done)
                parts.Add((done, from, invert));
            if (to > from)
                parts.Add((from, to, !invert));
            done = Math.Max(done, to);
        }

        if (done < piece.Length)
            parts.Add((done, piece.Length, invert));
        if (behavior == SplitBehavior.MergedWithNext)
            MergeWithNext(parts);
        else if (behavior is SplitBehavior.MergedWithPrevious or SplitBehavior.Contiguous)
            Merge(parts);
        foreach (var (from, to, isDelimiter) in parts)
        {
            if (!isDelimiter || behavior != SplitBehavior.Removed)
                pieces.Add(new Piece(start + from, start + to));
        }
    }

    /// <summary>Where the delimiters of a text are, in its order.</summary>
    protected abstract IReadOnlyList<(int Start, int End)> FindDelimiters(ReadOnlySpan<char> text);

    // Of several delimiters in a row, the first goes with what is before it and the others stand alone; contiguous ones are all one.
    private void Merge(List<(int Start, int End, bool IsDelimiter)> parts)
    {
        for (var i = 1; i < parts.Count; i++)
        {
            var (previous, part) = (parts[i - 1], parts[i]);
            if (behavior == SplitBehavior.Contiguous ? part.IsDelimiter == previous.IsDelimiter : part.IsDelimiter && !previous.IsDelimiter)
            {
                parts[i - 1] = (previous.Start, part.End, part.IsDelimiter);
                parts.RemoveAt(i--);
            }
        }
    }

    // The same from the other end.
    private static void MergeWithNext(List<(int Start, int End, bool IsDelimiter)> parts)
    {
        for (var i = parts.Count - 2; i >= 0; i--)
        {
            if (parts[i].IsDelimiter && !parts[i + 1].IsDelimiter)
            {
                parts[i] = (parts[i].Start, parts[i + 1].End, true);
                parts.RemoveAt(i + 1);
            }
        }
    }
}
