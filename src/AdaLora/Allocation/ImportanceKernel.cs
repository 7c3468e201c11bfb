using System.Numerics;
using System.Runtime.InteropServices;
using AdaLora.Internals.Cpu;

namespace AdaLora.Allocation;

/// <summary>
/// The arithmetic of <see cref="ImportanceTracker"/> and of the default score over single-precision buffers in host memory: a single multithreaded pass over each buffer, where
/// tensor operations would read and write all of them several times. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class ImportanceKernel
{
    /// <summary>Entries per chunk of work; four buffers of this size fit in the L2 cache.</summary>
    private const int Chunk = 1 << 14;

    /// <summary>
    /// Equations 9 and 10: s = abs(w·g), I := I + a (s - I), U := U + b (abs(s - I) - U) with the new I. An s that is not finite counts as 0.
    /// Then equation 8 of I·U, row by row while the row is in the L1 cache.
    /// </summary>
    /// <param name="rows">What the buffers consist of.</param>
    /// <param name="values">w.</param>
    /// <param name="gradients">g.</param>
    /// <param name="sensitivity">I, changed in place.</param>
    /// <param name="uncertainty">U, changed in place.</param>
    /// <param name="scores">Receives, for each triplet, the sum over its rows of the mean of I·U.</param>
    /// <param name="weights">a and b, 1 minus the smoothing factors.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    public static unsafe void Update(
        IEnumerable<TripletRows> rows,
        ReadOnlySpan<float> values,
        ReadOnlySpan<float> gradients,
        Span<float> sensitivity,
        Span<float> uncertainty,
        Span<float> scores,
        (float Sensitivity, float Uncertainty) weights,
        int threads)
    {
        scores.Clear();
        fixed (float* v = values, g = gradients, i = sensitivity, u = uncertainty, m = scores)
        {
            var (value, gradient, mean, deviation, score) = ((nint)v, (nint)g, (nint)i, (nint)u, (nint)m);
            ForRows(rows, threads, (offset, size, triplet) =>
            {
                var own = new Span<float>((float*)mean + offset, size);
                var other = new Span<float>((float*)deviation + offset, size);
                UpdateRow(new ReadOnlySpan<float>((float*)value + offset, size), new ReadOnlySpan<float>((float*)gradient + offset, size), own, other, weights);
                ((float*)score)[triplet] += MeanProduct(own, other);
            });
        }
    }

    /// <summary>Equation 8 of I·U alone; gives the same numbers as <see cref="Update"/>.</summary>
    /// <param name="rows">What the buffers consist of.</param>
    /// <param name="sensitivity">I.</param>
    /// <param name="uncertainty">U.</param>
    /// <param name="scores">Receives, for each triplet, the sum over its rows of the mean of I·U.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    public static unsafe void Score(IEnumerable<TripletRows> rows, ReadOnlySpan<float> sensitivity, ReadOnlySpan<float> uncertainty, Span<float> scores, int threads)
    {
        scores.Clear();
        fixed (float* i = sensitivity, u = uncertainty, m = scores)
        {
            var (mean, deviation, score) = ((nint)i, (nint)u, (nint)m);
            ForRows(rows, threads, (offset, size, triplet) =>
                ((float*)score)[triplet] += MeanProduct(new ReadOnlySpan<float>((float*)mean + offset, size), new ReadOnlySpan<float>((float*)deviation + offset, size)));
        }
    }

    private static float MeanProduct(ReadOnlySpan<float> first, ReadOnlySpan<float> second) => VectorMath.Dot(first, second) / first.Length;

    // Calls the work with offset, size and triplet of every row. Rows of the same triplet are never processed concurrently, and always in the same order.
    private static void ForRows(IEnumerable<TripletRows> rows, int threads, Action<int, int, int> work)
    {
        foreach (var run in rows)
        {
            HostThreads.Run(run.Count, Math.Max(1, Chunk / run.Size), threads, (first, count) =>
            {
                for (var row = first; row < first + count; row++)
                    work(run.Offset + (row * run.Size), run.Size, run.First + row);
            });
        }
    }

    private static void UpdateRow(
        ReadOnlySpan<float> values, ReadOnlySpan<float> gradients, Span<float> sensitivity, Span<float> uncertainty, (float Sensitivity, float Uncertainty) weights)
    {
        var w = MemoryMarshal.Cast<float, Vector<float>>(values);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradients);
        var s = MemoryMarshal.Cast<float, Vector<float>>(sensitivity);
        var u = MemoryMarshal.Cast<float, Vector<float>>(uncertainty);
        var (toMean, toDeviation, largest) = (new Smoothing(weights.Sensitivity), new Smoothing(weights.Uncertainty), new Vector<float>(float.MaxValue));
        for (var i = 0; i < w.Length; i++)
        {
            var change = Vector.Abs(w[i] * g[i]);
            // Also false for NaN.
            change = Vector.ConditionalSelect(Vector.LessThanOrEqual(change, largest), change, Vector<float>.Zero);
            s[i] = toMean.Of(s[i], change);
            u[i] = toDeviation.Of(u[i], Vector.Abs(change - s[i]));
        }

        for (var i = w.Length * Vector<float>.Count; i < values.Length; i++)
        {
            var change = Math.Abs(values[i] * gradients[i]);
            change = change <= float.MaxValue ? change : 0;
            sensitivity[i] = toMean.Of(sensitivity[i], change);
            uncertainty[i] = toDeviation.Of(uncertainty[i], Math.Abs(change - sensitivity[i]));
        }
    }

    /// <summary>
    /// A step from an average to a new value, computed from whichever of the two is closer to the result, as in libtorch's lerp: a weight of 1 gives the new value itself. Without smoothing (b1 = 0),
    /// abs(s - I) is then 0; a rounding error in its place would be taken for an uncertainty and decide the ranks.
    /// </summary>
    private readonly struct Smoothing(float weight)
    {
        private readonly bool _fromNew = weight >= 0.5f;
        private readonly float _factor = weight >= 0.5f ? weight - 1 : weight;

        public float Of(float average, float value) => (_fromNew ? value : average) + (_factor * (value - average));

        public Vector<float> Of(Vector<float> average, Vector<float> value) => (_fromNew ? value : average) + (new Vector<float>(_factor) * (value - average));
    }
}
