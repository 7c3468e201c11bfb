using System.Numerics;
using System.Runtime.InteropServices;
using AdaLora.Internals.Cpu;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// <see cref="AdamStep"/> over single-precision numbers in host memory: one multithreaded pass that reads four rows and writes three, where tensor operations would go over them nine times.
/// Each entry's result depends only on that entry, not on the number of threads or the entry's position in the row. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class AdamKernel
{
    /// <summary>Entries per chunk of work; four buffers of this size fit in the L2 cache.</summary>
    private const int Chunk = 1 << 14;

    /// <param name="weights">w, changed in place.</param>
    /// <param name="gradients">g.</param>
    /// <param name="means">m, changed in place: m := beta1·m + (1 - beta1)·g.</param>
    /// <param name="squares">v, changed in place: v := beta2·v + (1 - beta2)·g².</param>
    /// <param name="runs">The numbers of the step for each run of entries, which together cover all in order.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The rows differ in length, or the runs do not cover them.</exception>
    public static unsafe void Update(Span<float> weights, ReadOnlySpan<float> gradients, Span<float> means, Span<float> squares, ReadOnlySpan<AdamRun> runs, int threads)
    {
        if (gradients.Length != weights.Length || means.Length != weights.Length || squares.Length != weights.Length)
            throw new ArgumentException($"There are {weights.Length} weights, {gradients.Length} gradients, {means.Length} means and {squares.Length} squares.");
        var length = weights.Length;
        if (runs is not [.., var last] || last.End != length)
            throw new ArgumentException($"The runs do not cover {length} weights.", nameof(runs));
        var pieces = new (int Start, int End, Factors Factors)[runs.Length];
        for (var i = 0; i < runs.Length; i++)
            pieces[i] = ((int)runs[i].Start, (int)runs[i].End, new Factors(runs[i].Step));
        fixed (float* w = weights, g = gradients, m = means, v = squares)
        {
            var (weight, gradient, mean, square) = ((nint)w, (nint)g, (nint)m, (nint)v);
            HostThreads.Run(length, Chunk, threads, (start, count) =>
            {
                foreach (var piece in pieces)
                {
                    var (from, to) = (Math.Max(start, piece.Start), Math.Min(start + count, piece.End));
                    if (from < to)
                    {
                        Update(
                            new Span<float>((float*)weight + from, to - from),
                            new ReadOnlySpan<float>((float*)gradient + from, to - from),
                            new Span<float>((float*)mean + from, to - from),
                            new Span<float>((float*)square + from, to - from),
                            piece.Factors);
                    }
                }
            });
        }
    }

    // Both loops round products and sums separately, so that an entry gets the same result in either.
    private static void Update(Span<float> weights, ReadOnlySpan<float> gradients, Span<float> means, Span<float> squares, in Factors by)
    {
        var w = MemoryMarshal.Cast<float, Vector<float>>(weights);
        var g = MemoryMarshal.Cast<float, Vector<float>>(gradients)[..w.Length];
        var m = MemoryMarshal.Cast<float, Vector<float>>(means)[..w.Length];
        var v = MemoryMarshal.Cast<float, Vector<float>>(squares)[..w.Length];
        var (decay, size, epsilon) = (new Vector<float>(by.Decay), new Vector<float>(by.Size), new Vector<float>(by.Epsilon));
        var (beta1, rest1, beta2, rest2) = (new Vector<float>(by.Beta1), new Vector<float>(by.Rest1), new Vector<float>(by.Beta2), new Vector<float>(by.Rest2));
        for (var i = 0; i < w.Length; i++)
        {
            var gradient = g[i];
            var mean = (m[i] * beta1) + (gradient * rest1);
            var square = (v[i] * beta2) + (gradient * rest2 * gradient);
            m[i] = mean;
            v[i] = square;
            w[i] = (w[i] * decay) - (size * mean / (Vector.SquareRoot(square) + epsilon));
        }

        for (var i = w.Length * Vector<float>.Count; i < weights.Length; i++)
        {
            var gradient = gradients[i];
            var mean = (means[i] * by.Beta1) + (gradient * by.Rest1);
            var square = (squares[i] * by.Beta2) + (gradient * by.Rest2 * gradient);
            means[i] = mean;
            squares[i] = square;
            weights[i] = (weights[i] * by.Decay) - (by.Size * mean / (MathF.Sqrt(square) + by.Epsilon));
        }
    }

    /// <summary>The numbers of a step in the form the loops multiply by.</summary>
    private readonly struct Factors(AdamStep step)
    {
        public readonly float Decay = (float)step.Decay;
        public readonly float Beta1 = (float)step.Beta1;
        public readonly float Rest1 = (float)(1 - step.Beta1);
        public readonly float Beta2 = (float)step.Beta2;
        public readonly float Rest2 = (float)(1 - step.Beta2);
        public readonly float Size = (float)step.Size;
        public readonly float Epsilon = (float)step.Epsilon;
    }
}
