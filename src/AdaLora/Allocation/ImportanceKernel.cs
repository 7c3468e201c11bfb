using System.Numerics;
using System.Runtime.InteropServices;
using AdaLora.Parameters;

namespace AdaLora.Allocation;

/// <summary>
/// The arithmetic of <see cref="ImportanceTracker"/> and of the default score over single-precision buffers in memory: everything in one pass over each buffer, on several threads, where
/// tensor operations would read and write all of them several times. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class ImportanceKernel
{
    /// <summary>Entries per piece of work; four buffers of it stay in the second-level cache.</summary>
    private const int Chunk = 1 << 14;

    /// <summary>Equations 9 and 10: s = abs(w·g), I := I + a (s - I), U := U + b (abs(s - I) - U) with the new I. An s that is not finite counts as 0.</summary>
    /// <param name="values">w.</param>
    /// <param name="gradients">g.</param>
    /// <param name="sensitivity">I, changed in place.</param>
    /// <param name="uncertainty">U, changed in place.</param>
    /// <param name="weights">a and b, 1 minus the smoothing factors.</param>
    /// <param name="threads">Largest number of threads to use, at least 1.</param>
    public static unsafe void Update(
        ReadOnlySpan<float> values, ReadOnlySpan<float> gradients, Span<float> sensitivity, Span<float> uncertainty, (float Sensitivity, float Uncertainty) weights, int threads)
    {
        fixed (float* v = values, g = gradients, s = sensitivity, u = uncertainty)
        {
            var (w, d, i, e) = ((nint)v, (nint)g, (nint)s, (nint)u);
            HostThreads.Run(values.Length, Chunk, threads, (first, count) => UpdateRange(
                new ReadOnlySpan<float>((float*)w + first, count), new ReadOnlySpan<float>((float*)d + first, count), new Span<float>((float*)i + first, count), new Span<float>((float*)e + first, count), weights));
        }
    }

    /// <summary>The mean of first · second over each of the rows that the two buffers consist of, added to <paramref name="means"/>.</summary>
    /// <param name="first">Rows of <paramref name="size"/> entries.</param>
    /// <param name="second">As many.</param>
    /// <param name="size">Entries of a row, at least 1.</param>
    /// <param name="means">One number per row, changed in place.</param>
    /// <param name="threads">Largest number of threads to use, at least 1.</param>
    public static unsafe void AddMeanProducts(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int size, Span<float> means, int threads)
    {
        fixed (float* a = first, b = second, m = means)
        {
            var (x, y, z) = ((nint)a, (nint)b, (nint)m);
            HostThreads.Run(means.Length, Math.Max(1, Chunk / size), threads, (firstRow, rows) =>
            {
                for (var row = firstRow; row < firstRow + rows; row++)
                {
                    var offset = (long)row * size;
                    ((float*)z)[row] += VectorMath.Dot(new ReadOnlySpan<float>((float*)x + offset, size), new ReadOnlySpan<float>((float*)y + offset, size)) / size;
                }
            });
        }
    }

    private static void UpdateRange(
        ReadOnlySpan<float> values, ReadOnlySpan<float> gradients, Span<float> sensitivity, Span<float> uncertainty, (float Sensitivity, float Uncertainty) weights)
    {
        var w = MemoryMarshal.Cast<float, Vector<float>>(values);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradients);
        var s = MemoryMarshal.Cast<float, Vector<float>>(sensitivity);
        var u = MemoryMarshal.Cast<float, Vector<float>>(uncertainty);
        var (a, b, largest) = (new Vector<float>(weights.Sensitivity), new Vector<float>(weights.Uncertainty), new Vector<float>(float.MaxValue));
        for (var i = 0; i < w.Length; i++)
        {
            var change = Vector.Abs(w[i] * g[i]);
            // False for NaN too.
            change = Vector.ConditionalSelect(Vector.LessThanOrEqual(change, largest), change, Vector<float>.Zero);
            var mean = s[i] + (a * (change - s[i]));
            s[i] = mean;
            u[i] += b * (Vector.Abs(change - mean) - u[i]);
        }

        for (var i = w.Length * Vector<float>.Count; i < values.Length; i++)
        {
            var change = Math.Abs(values[i] * gradients[i]);
            change = change <= float.MaxValue ? change : 0;
            sensitivity[i] += weights.Sensitivity * (change - sensitivity[i]);
            uncertainty[i] += weights.Uncertainty * (Math.Abs(change - sensitivity[i]) - uncertainty[i]);
        }
    }
}
