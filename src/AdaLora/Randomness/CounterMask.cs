using System.Numerics;
using System.Runtime.InteropServices;

namespace AdaLora.Randomness;

/// <summary>
/// Fills dropout masks from a counter-based generator: entry i depends on the key and on i alone, so the result is the same for any number of threads and any vector width.
/// The generator is a keyed 32-bit hash of the index with two rounds of multiplication. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class CounterMask
{
    /// <summary>Entries per piece of work: large enough to be worth a thread, small enough to stay in the second-level cache.</summary>
    private const int Chunk = 1 << 16;

    private const uint FirstFactor = 0x21f0aaad;
    private const uint SecondFactor = 0xd35a2d97;

    private static readonly uint[] Lanes = [.. Enumerable.Range(0, Vector<uint>.Count).Select(i => (uint)i)];

    /// <summary>Sets each entry to 0 with probability <paramref name="rate"/>, else to <paramref name="kept"/>.</summary>
    /// <param name="mask">What to fill; the memory must stay where it is during the call.</param>
    /// <param name="rate">In [0, 1), taken to 32 bits.</param>
    /// <param name="kept">The value of entries that are kept.</param>
    /// <param name="key">Selects the mask.</param>
    /// <param name="threads">Largest number of threads to use, at least 1.</param>
    public static unsafe void Fill(Span<float> mask, double rate, float kept, ulong key, int threads)
    {
        var threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        var chunks = (mask.Length + Chunk - 1) / Chunk;
        if (chunks <= 1 || threads <= 1)
        {
            FillRange(mask, 0, threshold, kept, key);
            return;
        }

        var length = mask.Length;
        fixed (float* start = mask)
        {
            var address = (nint)start;
            Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk =>
            {
                var from = chunk * Chunk;
                FillRange(new Span<float>((float*)address + from, Math.Min(Chunk, length - from)), (uint)from, threshold, kept, key);
            });
        }
    }

    private static void FillRange(Span<float> mask, uint first, uint threshold, float kept, ulong key)
    {
        uint low = (uint)key, high = (uint)(key >> 32);
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(mask);
        var index = new Vector<uint>(unchecked(first + low)) + new Vector<uint>(Lanes);
        var step = new Vector<uint>((uint)Vector<uint>.Count);
        var (keyVector, limit, value) = (new Vector<uint>(high), new Vector<uint>(threshold), new Vector<float>(kept));
        for (var i = 0; i < vectors.Length; i++)
        {
            var x = index ^ (index >>> 16);
            x = (x * FirstFactor) ^ keyVector;
            x ^= x >>> 15;
            x *= SecondFactor;
            x ^= x >>> 15;
            vectors[i] = Vector.ConditionalSelect(Vector.AsVectorSingle(Vector.GreaterThanOrEqual(x, limit)), value, Vector<float>.Zero);
            index += step;
        }

        for (var i = vectors.Length * Vector<float>.Count; i < mask.Length; i++)
            mask[i] = Hash(unchecked(first + low + (uint)i), high) >= threshold ? kept : 0;
    }

    private static uint Hash(uint x, uint key)
    {
        x ^= x >>> 16;
        x = unchecked(x * FirstFactor) ^ key;
        x ^= x >>> 15;
        x = unchecked(x * SecondFactor);
        return x ^ (x >>> 15);
    }
}
