using System.Numerics;
using System.Runtime.InteropServices;

namespace AdaLora.Internals.Cpu;

/// <summary>Norm and scaling of single-precision numbers in host memory, multithreaded. Pure arithmetic: nothing here needs libtorch.</summary>
internal static class NormKernel
{
    /// <summary>Numbers per chunk of work, within reach of the L1 cache; chunks are summed in single precision, their sums in double precision.</summary>
    private const int Chunk = 1 << 14;

    /// <summary>The sum of squares. It does not depend on the number of threads.</summary>
    public static unsafe double SumOfSquares(ReadOnlySpan<float> values, int threads)
    {
        var sums = new double[(values.Length + Chunk - 1) / Chunk];
        fixed (float* first = values)
        {
            var address = (nint)first;
            HostThreads.Run(values.Length, Chunk, threads, (start, count) =>
            {
                var piece = new ReadOnlySpan<float>((float*)address + start, count);
                sums[start / Chunk] = VectorMath.Dot(piece, piece);
            });
        }

        return sums.Sum();
    }

    /// <summary>Multiplies every number by a factor.</summary>
    public static unsafe void Scale(Span<float> values, float factor, int threads)
    {
        var length = values.Length;
        fixed (float* first = values)
        {
            var address = (nint)first;
            HostThreads.Run(length, Chunk, threads, (start, count) => Scale(new Span<float>((float*)address + start, count), factor));
        }
    }

    private static void Scale(Span<float> values, float factor)
    {
        var wide = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (var i = 0; i < wide.Length; i++)
            wide[i] *= factor;
        for (var i = wide.Length * Vector<float>.Count; i < values.Length; i++)
            values[i] *= factor;
    }
}
