using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Matrices P' and Q whose rows have the same length and follow each other in memory, as the operations of <see cref="OrthogonalityOperations"/> take them: all with the same number of rows,
/// filled up where ranks differ.
/// </summary>
/// <param name="Offset">Where the first row starts in a flat buffer.</param>
/// <param name="Length">Entries of a row.</param>
/// <param name="Ranks">The rows of each matrix.</param>
internal sealed record SideRun(long Offset, long Length, IReadOnlyList<int> Ranks)
{
    private long Rows { get; } = Ranks.Sum(rank => (long)rank);

    /// <summary>All matrices of some blocks in as few runs as their places in memory allow.</summary>
    public static IReadOnlyList<SideRun> Of(IEnumerable<TripletBlock> blocks)
    {
        var runs = new List<SideRun>();
        var sides = blocks.SelectMany(b => (SideRun[])[new(b.LeftOffset, b.OutFeatures, RanksOf(b)), new(b.RightOffset, b.InFeatures, RanksOf(b))]).OrderBy(side => side.Offset);
        foreach (var side in sides)
        {
            if (runs.Count > 0 && runs[^1] is var last && last.Length == side.Length && last.Offset + (last.Rows * last.Length) == side.Offset)
                runs[^1] = new SideRun(last.Offset, last.Length, [.. last.Ranks, .. side.Ranks]);
            else
                runs.Add(side);
        }

        return runs;
    }

    /// <summary>The rows within a flat buffer, (rows, length); no copy.</summary>
    public Tensor In(Tensor flat) => flat.narrow(0, Offset, Rows * Length).view(Rows, Length);

    /// <summary>For each matrix, the rows it is made of, (matrices · rank); where it has fewer, some row.</summary>
    public long[] Sources(int rank)
    {
        var sources = new long[Ranks.Count * rank];
        var first = 0L;
        for (var matrix = 0; matrix < Ranks.Count; matrix++)
        {
            for (var i = 0; i < rank; i++)
                sources[(matrix * rank) + i] = i < Ranks[matrix] ? first + i : first;
            first += Ranks[matrix];
        }

        return sources;
    }

    /// <summary>Where each row is among those of the matrices.</summary>
    public long[] Places(int rank) => [.. Ranks.SelectMany((own, matrix) => Enumerable.Range(0, own).Select(i => ((long)matrix * rank) + i))];

    private static int[] RanksOf(TripletBlock block) => [.. Enumerable.Repeat(block.Rank, block.Matrices)];
}
