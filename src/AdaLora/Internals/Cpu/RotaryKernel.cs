using System.Numerics;

namespace AdaLora.Internals.Cpu;

/// <summary>Rotary positions (Su et al., 2021) over single-precision numbers in host memory. Pure arithmetic: nothing here needs libtorch.</summary>
internal static class RotaryKernel
{
    /// <summary>Entries that are worth a piece of their own.</summary>
    private const int Piece = 1 << 14;

    /// <summary>
    /// Turns the first entries of every head in pairs (i, i + half), forwards: a cos - b sin, b cos + a sin, where the sines of the first half are negative; or backwards, which is its gradient.
    /// The other entries are copied.
    /// </summary>
    /// <param name="states">Places x heads x head size.</param>
    /// <param name="cosines">Places x rotated entries; if there are fewer places, they begin anew.</param>
    /// <param name="sines">As the cosines.</param>
    /// <param name="isBackward">Whether to compute the gradient.</param>
    /// <param name="result">As the states.</param>
    /// <param name="sizes">The number of heads, entries of each, and entries that are rotated.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    public static unsafe void Turn(
        ReadOnlySpan<float> states, ReadOnlySpan<float> cosines, ReadOnlySpan<float> sines, bool isBackward, Span<float> result, (int Heads, int HeadSize, int Rotated) sizes, int threads)
    {
        var (heads, headSize, rotated) = sizes;
        var (width, known) = (heads * headSize, cosines.Length / rotated);
        if (states.Length % width != 0 || result.Length != states.Length || rotated > headSize || known == 0 || cosines.Length != (long)known * rotated || sines.Length != cosines.Length)
            throw new ArgumentException($"{states.Length} and {result.Length} numbers, {cosines.Length} cosines and {sines.Length} sines do not fit {heads} heads of {headSize}, {rotated} of them rotated.");
        fixed (float* s = states, c = cosines, n = sines, r = result)
        {
            var (from, cos, sin, to) = ((nint)s, (nint)c, (nint)n, (nint)r);
            HostThreads.Run(states.Length / width, Math.Max(1, Piece / width), threads, (start, count) =>
            {
                for (var place = start; place < start + count; place++)
                {
                    var (angle, offset) = ((nint)(place % known) * rotated, (nint)place * width);
                    for (var head = 0; head < heads; head++, offset += headSize)
                    {
                        TurnHead((float*)from + offset, (float*)cos + angle, (float*)sin + angle, isBackward, (float*)to + offset, rotated / 2);
                        for (var j = rotated; j < headSize; j++)
                            ((float*)to)[offset + j] = ((float*)from)[offset + j];
                    }
                }
            });
        }
    }

    private static unsafe void TurnHead(float* states, float* cosines, float* sines, bool isBackward, float* result, int half)
    {
        // The sine of an entry multiplies the other one of its pair; in the gradient, so does the sine of that one.
        float* lower = isBackward ? sines + half : sines, upper = isBackward ? sines : sines + half;
        var lanes = Vector<float>.Count;
        var j = 0;
        for (; j + lanes <= half; j += lanes)
        {
            var (a, b) = (Vector.Load(states + j), Vector.Load(states + half + j));
            Vector.Store((a * Vector.Load(cosines + j)) + (b * Vector.Load(lower + j)), result + j);
            Vector.Store((b * Vector.Load(cosines + half + j)) + (a * Vector.Load(upper + j)), result + half + j);
        }

        for (; j < half; j++)
        {
            var (a, b) = (states[j], states[half + j]);
            (result[j], result[half + j]) = ((a * cosines[j]) + (b * lower[j]), (b * cosines[half + j]) + (a * upper[j]));
        }
    }
}
