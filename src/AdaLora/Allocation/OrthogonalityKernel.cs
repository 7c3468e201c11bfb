using System.Numerics;
using System.Runtime.CompilerServices;
using AdaLora.Internals.Cpu;

namespace AdaLora.Allocation;

/// <summary>
/// The penalty and its gradient over single-precision rows in host memory, multithreaded, matrix by matrix while its rows are in the cache. For small ranks, where batched tensor
/// products are slowed down by writing intermediate results and reading them again. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class OrthogonalityKernel
{
    /// <summary>Above this rank, the products are large enough for libtorch to be faster.</summary>
    public const int LargestRank = RowTile.LargestRank;

    /// <param name="values">The buffer that holds the rows.</param>
    /// <param name="gradients">In the same layout; the gradients times their factor are added to it. Empty for none.</param>
    /// <param name="sides">Which rows belong together.</param>
    /// <param name="factors">Maps the norm of C = QQ' - I to the factor of C Q in the gradient.</param>
    /// <param name="norms">Receives the norm of C for each of <paramref name="sides"/>.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    public static unsafe void Run(
        ReadOnlySpan<float> values, Span<float> gradients, IReadOnlyList<MatrixSide> sides, Func<float, float> factors, Span<float> norms, int threads)
    {
        var hasGradients = gradients.Length > 0;
        fixed (float* v = values, g = gradients, n = norms)
        {
            var (read, written, results) = ((nint)v, (nint)g, (nint)n);
            HostThreads.Run(sides.Count, 1, threads, (index, _) =>
            {
                var side = sides[index];
                var own = hasGradients ? new Span<float>((float*)written + side.Offset, side.Entries) : default;
                ((float*)results)[index] = RunSide(new ReadOnlySpan<float>((float*)read + side.Offset, side.Entries), own, side, factors);
            });
        }
    }

    [SkipLocalsInit]
    private static unsafe float RunSide(ReadOnlySpan<float> rows, Span<float> gradients, MatrixSide side, Func<float, float> factors)
    {
        var deviation = stackalloc float[RowTile.Rows * RowTile.Rows];
        var memory = stackalloc Vector<float>[RowTile.Capacity];
        var tile = new RowTile(memory, side);
        tile.Gram(rows, deviation);
        var sum = 0.0;
        for (var i = 0; i < side.Rank; i++)
        {
            var row = new Span<float>(deviation + (i * RowTile.Rows), side.Rank);
            row[i] -= 1;
            foreach (var entry in row)
                sum += (double)entry * entry;
        }

        var norm = (float)Math.Sqrt(sum);
        if (gradients.IsEmpty)
            return norm;
        var factor = factors(norm);
        foreach (ref var entry in new Span<float>(deviation, side.Rank * RowTile.Rows))
            entry *= factor;
        tile.AddProduct(rows, deviation, gradients);
        return norm;
    }
}
