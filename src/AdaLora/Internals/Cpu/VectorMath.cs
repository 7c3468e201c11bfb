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

    /// <summary>e to the power of each number, to a few units in the last place; infinite above 88.3, and below -87.3 as there.</summary>
    public static Vector<float> Exp(Vector<float> exponents)
    {
        var most = new Vector<float>(88.3f);
        var x = Vector.Min(Vector.Max(exponents, new Vector<float>(-87.3f)), most);
        // A power of two times e to at most half of ln 2, whose Taylor-like polynomial is that of Cephes.
        var whole = Vector.Floor(MultiplyAdd(x, new Vector<float>(1.44269504f), new Vector<float>(0.5f)));
        var rest = MultiplyAdd(whole, new Vector<float>(2.12194440e-4f), MultiplyAdd(whole, new Vector<float>(-0.693359375f), x));
        var sum = new Vector<float>(1.9875691500e-4f);
        sum = MultiplyAdd(sum, rest, new Vector<float>(1.3981999507e-3f));
        sum = MultiplyAdd(sum, rest, new Vector<float>(8.3334519073e-3f));
        sum = MultiplyAdd(sum, rest, new Vector<float>(4.1665795894e-2f));
        sum = MultiplyAdd(sum, rest, new Vector<float>(1.6666665459e-1f));
        sum = MultiplyAdd(sum, rest, new Vector<float>(5.0000001201e-1f));
        sum = MultiplyAdd(sum, rest * rest, rest) + Vector<float>.One;
        var result = sum * Vector.AsVectorSingle(Vector.ShiftLeft(Vector.ConvertToInt32(whole) + new Vector<int>(127), 23));
        return Vector.ConditionalSelect(Vector.GreaterThan(exponents, most), new Vector<float>(float.PositiveInfinity), result);
    }

    /// <summary>a · b + c, in a single operation if the platform has one.</summary>
    public static Vector<float> MultiplyAdd(Vector<float> a, Vector<float> b, Vector<float> c) =>
#if NET9_0_OR_GREATER
        Vector.FusedMultiplyAdd(a, b, c);
#else
        (a * b) + c;
#endif
}
