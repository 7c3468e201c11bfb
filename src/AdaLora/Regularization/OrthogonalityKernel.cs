using AdaLora.Parameters;

namespace AdaLora.Regularization;

/// <summary>
/// The penalty and its gradient over single-precision rows in memory, matrix by matrix while its rows are in the cache, on several threads. For small ranks, where batched products
/// of tensors are held up by writing and reading again what lies between them. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class OrthogonalityKernel
{
    /// <summary>Above this rank the products are large enough for libtorch to be faster.</summary>
    public const int LargestRank = 16;

    /// <param name="rows">The vectors of one side, matrix by matrix, rank rows of <paramref name="length"/> entries each.</param>
    /// <param name="gradients">Of the same layout; receives the gradients times their factor. Empty for none.</param>
    /// <param name="rank">Rows of a matrix, 1 to <see cref="LargestRank"/>.</param>
    /// <param name="length">Entries of a row.</param>
    /// <param name="factors">Gives, from the norm of C = QQ' - I, what C Q is multiplied with in the gradient.</param>
    /// <param name="norms">Receives the norm of C for each matrix.</param>
    /// <param name="threads">Largest number of threads to use, at least 1.</param>
    public static unsafe void Run(ReadOnlySpan<float> rows, Span<float> gradients, int rank, int length, Func<float, float> factors, Span<float> norms, int threads)
    {
        var (size, matrices, hasGradients) = (rank * length, norms.Length, gradients.Length > 0);
        fixed (float* r = rows, g = gradients, n = norms)
        {
            var (read, written, results) = ((nint)r, (nint)g, (nint)n);
            Parallel.For(0, matrices, new ParallelOptions { MaxDegreeOfParallelism = threads }, matrix =>
            {
                var offset = (long)matrix * size;
                var own = hasGradients ? new Span<float>((float*)written + offset, size) : default;
                ((float*)results)[matrix] = RunMatrix(new ReadOnlySpan<float>((float*)read + offset, size), own, rank, length, factors);
            });
        }
    }

    private static float RunMatrix(ReadOnlySpan<float> rows, Span<float> gradients, int rank, int length, Func<float, float> factors)
    {
        Span<float> deviation = stackalloc float[LargestRank * LargestRank];
        var sum = 0.0;
        for (var i = 0; i < rank; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var entry = VectorMath.Dot(rows.Slice(i * length, length), rows.Slice(j * length, length)) - (i == j ? 1 : 0);
                deviation[(i * rank) + j] = deviation[(j * rank) + i] = entry;
                sum += (i == j ? 1.0 : 2.0) * entry * entry;
            }
        }

        var norm = (float)Math.Sqrt(sum);
        if (gradients.IsEmpty)
            return norm;
        var factor = factors(norm);
        for (var i = 0; i < rank; i++)
        {
            for (var j = 0; j < rank; j++)
                VectorMath.AddScaled(gradients.Slice(i * length, length), factor * deviation[(i * rank) + j], rows.Slice(j * length, length));
        }

        return norm;
    }
}
