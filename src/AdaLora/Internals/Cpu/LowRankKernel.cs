using System.Buffers;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// Triplets and a weight in host memory, in single precision: the weight plus their product, and their gradients from that of the weight. Each reads the weight once. libtorch's products
/// read it once for each and reach a third of the speed that they have for square matrices. Results do not depend on the number of threads. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class LowRankKernel
{
    /// <summary>Columns that are worked on at a time, so that what is read of Q stays in the L1 cache.</summary>
    private const int Columns = 480;

    /// <summary>Columns of a gradient per piece of work at least; a quarter of them if that is more, for the sake of several threads.</summary>
    private const int LeastColumns = 192;

    /// <summary>Rows of a gradient that are read twice while they are in the L2 cache.</summary>
    private const int Panel = 48;

    /// <summary>Rows of a weight per piece of work.</summary>
    private const int RowPiece = 16;

    /// <summary>result := start + scale · P diag(lambda) Q.</summary>
    /// <param name="start">(out, in).</param>
    /// <param name="triplets">P', lambda and Q.</param>
    /// <param name="scale">The factor of the product.</param>
    /// <param name="result">Becomes (out, in).</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Write(ReadOnlySpan<float> start, TripletSpans triplets, float scale, Span<float> result, int threads)
    {
        var (rank, rows, columns) = triplets.Sizes(start.Length, result.Length);
        var factors = Rowwise(triplets, scale);
        fixed (float* s = start, l = factors, r = triplets.Right, t = result)
        {
            var (from, left, right, to) = ((nint)s, (nint)l, (nint)r, (nint)t);
            HostThreads.Run(rows, RowPiece, threads, (first, count) =>
            {
                for (var column = 0; column < columns; column += Columns)
                {
                    var own = new MatrixTile((float*)right + column, columns, rank, Math.Min(Columns, columns - column));
                    for (var row = first; row < first + count; row += LowRankTiles.SumRows)
                        LowRankTiles.Sum((float*)from + column, (float*)left, own, (float*)to + column, row, first + count - 1);
                }
            });
        }
    }

    /// <summary>Adds the gradients of P, lambda and Q: s G Q' diag(lambda), s p_i' G q_i for each lambda_i, s diag(lambda) P' G.</summary>
    /// <param name="gradient">G, that of the weight, (out, in).</param>
    /// <param name="triplets">P', lambda and Q.</param>
    /// <param name="scale">s.</param>
    /// <param name="ofTriplets">What they are added to; P's is transposed as P is.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Project(ReadOnlySpan<float> gradient, TripletSpans triplets, float scale, TripletSpans ofTriplets, int threads)
    {
        var (rank, rows, columns) = triplets.Sizes(gradient.Length);
        if (ofTriplets.Sizes() != (rank, rows, columns))
            throw new ArgumentException($"The gradients are not those of a matrix of {rows} x {columns} of rank {rank}.", nameof(ofTriplets));
        var factors = Rowwise(triplets, scale);
        // One set of sums for each range of columns, so that they are added in the same order whatever the number of threads.
        var width = Math.Clamp((columns + 95) / 96 * 24, LeastColumns, Columns);
        var length = checked((columns + width - 1) / width * rows * rank);
        var sums = ArrayPool<float>.Shared.Rent(length);
        fixed (float* g = gradient, l = factors, r = triplets.Right, d = ofTriplets.Right, p = sums)
        {
            var (from, left, right, to, partial) = ((nint)g, (nint)l, (nint)r, (nint)d, (nint)p);
            HostThreads.Run(columns, width, threads, (column, count) =>
            {
                var own = (float*)partial + ((nint)(column / width) * rows * rank);
                for (var row = 0; row < rows; row += Panel)
                {
                    var panel = new MatrixTile((float*)from + ((nint)row * columns) + column, columns, Math.Min(Panel, rows - row), count);
                    // First what reads along the rows, as memory is fetched ahead.
                    LowRankTiles.Dot(panel, new MatrixTile((float*)right + column, columns, rank, count), own + ((nint)row * rank));
                    LowRankTiles.AddColumns(panel, (float*)left + ((nint)row * rank), new MatrixTile((float*)to + column, columns, rank, count));
                }
            });
        }

        Finish(sums.AsSpan(0, length), triplets, scale, ofTriplets);
        ArrayPool<float>.Shared.Return(sums);
    }

    // The sums, G Q' row by row in each range of columns, give the gradients of P' and lambda.
    private static void Finish(Span<float> sums, TripletSpans triplets, float scale, TripletSpans ofTriplets)
    {
        var (rank, rows, _) = triplets.Sizes();
        var total = sums[..(rows * rank)];
        for (var first = total.Length; first < sums.Length; first += total.Length)
            VectorMath.Add(total, sums.Slice(first, total.Length));
        for (var k = 0; k < rank; k++)
        {
            var (factor, sum) = (triplets.Lambda[k] * scale, 0.0);
            for (var i = 0; i < rows; i++)
            {
                var own = total[(i * rank) + k];
                sum += triplets.Left[(k * rows) + i] * own;
                ofTriplets.Left[(k * rows) + i] += own * factor;
            }

            ofTriplets.Lambda[k] += (float)sum * scale;
        }
    }

    // scale · P diag(lambda), with the entries of each row next to each other.
    private static float[] Rowwise(TripletSpans triplets, float scale)
    {
        var (rank, rows, _) = triplets.Sizes();
        var result = new float[rows * rank];
        for (var k = 0; k < rank; k++)
        {
            var factor = triplets.Lambda[k] * scale;
            for (var i = 0; i < rows; i++)
                result[(i * rank) + k] = triplets.Left[(k * rows) + i] * factor;
        }

        return result;
    }
}

/// <summary>Triplets of one matrix, or their gradients, in host memory.</summary>
/// <param name="left">P', (rank, out).</param>
/// <param name="lambda">(rank).</param>
/// <param name="right">Q, (rank, in).</param>
internal readonly ref struct TripletSpans(Span<float> left, Span<float> lambda, Span<float> right)
{
    /// <summary>P', (rank, out).</summary>
    public Span<float> Left { get; } = left;

    /// <summary>(rank).</summary>
    public Span<float> Lambda { get; } = lambda;

    /// <summary>Q, (rank, in).</summary>
    public Span<float> Right { get; } = right;

    /// <summary>Rank, rows and columns.</summary>
    /// <param name="lengths">Entries of matrices that have these rows and columns.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public (int Rank, int Rows, int Columns) Sizes(params ReadOnlySpan<int> lengths)
    {
        var (rank, rows, columns) = (Lambda.Length, Left.Length / Math.Max(1, Lambda.Length), Right.Length / Math.Max(1, Lambda.Length));
        if (rank == 0 || rows * rank != Left.Length || columns * rank != Right.Length)
            throw new ArgumentException($"{Left.Length} numbers P, {rank} lambda and {Right.Length} numbers Q do not fit together.");
        foreach (var length in lengths)
        {
            if (length != (long)rows * columns)
                throw new ArgumentException($"A matrix of {length} numbers is not {rows} x {columns}.");
        }

        return (rank, rows, columns);
    }
}
