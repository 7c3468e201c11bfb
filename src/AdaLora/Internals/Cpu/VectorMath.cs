using System.Numerics;
using System.Runtime.InteropServices;

namespace AdaLora.Internals.Cpu;

/// <summary>Operations on rows of single-precision numbers, as wide as the processor's vectors.</summary>
internal static class VectorMath
{
    public static float Dot(ReadOnlySpan<float> first, ReadOnlySpan<float> second)
    {
        var a = MemoryMarshal.Cast<float, Vector<float>>(first);
        var b = MemoryMarshal.Cast<float, Vector<float>>(second);
        // Two sums, so that an addition need not wait for the previous one.
        var (even, odd) = (Vector<float>.Zero, Vector<float>.Zero);
        var i = 0;
        for (; i + 1 < a.Length; i += 2)
        {
            even += a[i] * b[i];
            odd += a[i + 1] * b[i + 1];
        }

        if (i < a.Length)
            even += a[i] * b[i];
        var total = Vector.Sum(even + odd);
        for (var k = a.Length * Vector<float>.Count; k < first.Length; k++)
            total += first[k] * second[k];
        return total;
    }

    /// <summary>target := target + source.</summary>
    public static void Add(Span<float> target, ReadOnlySpan<float> source)
    {
        var to = MemoryMarshal.Cast<float, Vector<float>>(target);
        var from = MemoryMarshal.Cast<float, Vector<float>>(source)[..to.Length];
        for (var i = 0; i < to.Length; i++)
            to[i] += from[i];
        for (var i = to.Length * Vector<float>.Count; i < target.Length; i++)
            target[i] += source[i];
    }

    /// <summary>a · b + c, in a single operation if the platform has one.</summary>
    public static Vector<float> MultiplyAdd(Vector<float> a, Vector<float> b, Vector<float> c) =>
#if NET9_0_OR_GREATER
        Vector.FusedMultiplyAdd(a, b, c);
#else
        (a * b) + c;
#endif
}
