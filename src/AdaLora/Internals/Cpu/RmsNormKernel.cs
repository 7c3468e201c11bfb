using System.Numerics;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// The root-mean-square norm (Zhang and Sennrich, 2019) and its gradient over single-precision rows in host memory: each row is read from memory once. The numbers of a row depend neither on
/// other rows nor on the number of threads. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class RmsNormKernel
{
    /// <summary>Entries that are worth a piece of their own.</summary>
    private const int Piece = 1 << 14;

    /// <summary>result := x · r · (w + offset), with r = 1 / sqrt(mean of x² + eps) for each row.</summary>
    /// <param name="input">x, rows x size.</param>
    /// <param name="weight">w, (size).</param>
    /// <param name="offset">What is added to the weight.</param>
    /// <param name="eps">What is added to the mean square.</param>
    /// <param name="result">As the input.</param>
    /// <param name="inverses">Becomes r, one number for each row.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Forward(ReadOnlySpan<float> input, ReadOnlySpan<float> weight, float offset, double eps, Span<float> result, Span<float> inverses, int threads)
    {
        var size = weight.Length;
        RequireRows(inverses.Length, size, input.Length, result.Length);
        fixed (float* x = input, w = weight, y = result, r = inverses)
        {
            var (from, weights, to, kept) = ((nint)x, (nint)w, (nint)y, (nint)r);
            ForEachRow(inverses.Length, size, threads, row =>
            {
                float* states = (float*)from + ((nint)row * size), target = (float*)to + ((nint)row * size), factors = (float*)weights;
                var all = new ReadOnlySpan<float>(states, size);
                var inverse = (float)(1 / Math.Sqrt((VectorMath.Dot(all, all) / (double)size) + eps));
                ((float*)kept)[row] = inverse;
                var lanes = Vector<float>.Count;
                var (wide, added) = (new Vector<float>(inverse), new Vector<float>(offset));
                var j = 0;
                for (; j + lanes <= size; j += lanes)
                    Vector.Store(Vector.Load(states + j) * wide * (Vector.Load(factors + j) + added), target + j);
                for (; j < size; j++)
                    target[j] = states[j] * inverse * (factors[j] + offset);
            });
        }
    }

    /// <summary>result := r · g · (w + offset) - x · r³ · mean of x · g · (w + offset), the gradient of the input.</summary>
    /// <param name="gradient">g, rows x size.</param>
    /// <param name="input">x, rows x size.</param>
    /// <param name="weight">w, (size).</param>
    /// <param name="offset">What is added to the weight.</param>
    /// <param name="inverses">r of each row.</param>
    /// <param name="result">As the input.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Backward(
        ReadOnlySpan<float> gradient, ReadOnlySpan<float> input, ReadOnlySpan<float> weight, float offset, ReadOnlySpan<float> inverses, Span<float> result, int threads)
    {
        var size = weight.Length;
        RequireRows(inverses.Length, size, gradient.Length, input.Length, result.Length);
        fixed (float* g = gradient, x = input, w = weight, y = result, r = inverses)
        {
            var (arrived, from, weights, to, kept) = ((nint)g, (nint)x, (nint)w, (nint)y, (nint)r);
            ForEachRow(inverses.Length, size, threads, row =>
            {
                float* states = (float*)from + ((nint)row * size), gradients = (float*)arrived + ((nint)row * size), target = (float*)to + ((nint)row * size), factors = (float*)weights;
                var inverse = ((float*)kept)[row];
                var lanes = Vector<float>.Count;
                var added = new Vector<float>(offset);
                var sums = Vector<float>.Zero;
                var j = 0;
                for (; j + lanes <= size; j += lanes)
                    sums += Vector.Load(gradients + j) * (Vector.Load(factors + j) + added) * Vector.Load(states + j);
                var sum = Vector.Sum(sums);
                for (; j < size; j++)
                    sum += gradients[j] * (factors[j] + offset) * states[j];

                var back = (float)((double)inverse * inverse * inverse * sum / size);
                var (wide, along) = (new Vector<float>(inverse), new Vector<float>(back));
                for (j = 0; j + lanes <= size; j += lanes)
                    Vector.Store((Vector.Load(gradients + j) * (Vector.Load(factors + j) + added) * wide) - (Vector.Load(states + j) * along), target + j);
                for (; j < size; j++)
                    target[j] = (gradients[j] * (factors[j] + offset) * inverse) - (states[j] * back);
            });
        }
    }

    private static void RequireRows(int rows, int size, params ReadOnlySpan<int> lengths)
    {
        foreach (var length in lengths)
        {
            if (length != (long)rows * size)
                throw new ArgumentException($"{length} numbers are not {rows} rows of {size}.");
        }
    }

    private static void ForEachRow(int rows, int size, int threads, Action<int> work) => HostThreads.Run(rows, Math.Max(1, Piece / size), threads, (start, count) =>
    {
        for (var row = start; row < start + count; row++)
            work(row);
    });
}
