namespace AdaLora.Transformers.Heads;

/// <summary>How rows are cut so that the scores of a whole vocabulary take little memory at a time.</summary>
internal static class Slices
{
    /// <summary>Scores at a time: 32 MiB in single precision, and enough rows for products at full speed.</summary>
    private const long Most = 1 << 23;

    /// <summary>The first row and the number of rows of each slice, all of which are about equal.</summary>
    /// <param name="rows">Rows altogether.</param>
    /// <param name="words">Scores per row.</param>
    public static IEnumerable<(long First, long Count)> Of(long rows, long words)
    {
        var slices = Count(rows, words);
        for (long slice = 0, first = 0; slice < slices; slice++)
        {
            var next = rows * (slice + 1) / slices;
            yield return (first, next - first);
            first = next;
        }
    }

    /// <summary>The number of slices.</summary>
    public static long Count(long rows, long words) => Math.Min(rows, ((rows * words) + Most - 1) / Most);
}
