using System.Numerics;
using System.Runtime.InteropServices;
using AdaLora.Internals.Cpu;

namespace AdaLora.Adapters.Dropout;

/// <summary>
/// Dropout masks from a counter-based generator: entry i depends only on the key and i, so the result is the same for any number of threads and any vector width, and a mask
/// need not be stored, because it can be recomputed. Every run of 512 entries has its own 64-bit key, hashed from the mask's, so that distant entries are unrelated; within a run the
/// generator is a keyed 32-bit hash of the index with two rounds of multiplication, which alone would correlate entries at some distances. Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal static class CounterMask
{
    /// <summary>Entries per chunk of work: large enough to be worth a thread, small enough to fit in the L2 cache.</summary>
    private const int Chunk = 1 << 16;

    /// <summary>Entries per key. Divides <see cref="Chunk"/>, and is a multiple of every vector width.</summary>
    private const int RunLength = 1 << 9;

    private const uint FirstFactor = 0x21f0aaad;
    private const uint SecondFactor = 0xd35a2d97;

    private static readonly uint[] Lanes = [.. Enumerable.Range(0, Vector<uint>.Count).Select(i => (uint)i)];

    /// <summary>What to do with entry i of the mask.</summary>
    private interface IUse
    {
        static abstract Vector<float> Of(Vector<float> mask, Vector<float> source, Vector<float> target);

        static abstract float Of(float mask, float source, float target);
    }

    /// <summary>Sets each entry to 0 with probability <paramref name="rate"/>, else to <paramref name="kept"/>.</summary>
    /// <param name="mask">What to fill; the memory must not move during the call.</param>
    /// <param name="rate">In [0, 1), rounded to 32 bits.</param>
    /// <param name="kept">The value of entries that are kept.</param>
    /// <param name="key">Selects the mask.</param>
    /// <param name="threads">Maximum number of threads, at least 1.</param>
    public static void Fill(Span<float> mask, double rate, float kept, ulong key, int threads) => Run<Store>(mask, mask, rate, kept, key, threads);

    /// <summary>target := source · mask, entry by entry.</summary>
    /// <inheritdoc cref="Fill"/>
    public static void Multiply(ReadOnlySpan<float> source, Span<float> target, double rate, float kept, ulong key, int threads) =>
        Run<Product>(source, target, rate, kept, key, threads);

    /// <summary>target := target + source · mask, entry by entry.</summary>
    /// <inheritdoc cref="Fill"/>
    public static void AddMultiplied(ReadOnlySpan<float> source, Span<float> target, double rate, float kept, ulong key, int threads) =>
        Run<Sum>(source, target, rate, kept, key, threads);

    private static unsafe void Run<TUse>(ReadOnlySpan<float> source, Span<float> target, double rate, float kept, ulong key, int threads)
        where TUse : struct, IUse
    {
        var threshold = (uint)Math.Min(uint.MaxValue, rate * 4294967296.0);
        fixed (float* from = source, to = target)
        {
            var (read, written) = ((nint)from, (nint)to);
            HostThreads.Run(target.Length, Chunk, threads, (first, count) =>
                RunRange<TUse>(new ReadOnlySpan<float>((float*)read + first, count), new Span<float>((float*)written + first, count), (uint)first, threshold, kept, key));
        }
    }

    private static void RunRange<TUse>(ReadOnlySpan<float> source, Span<float> target, uint first, uint threshold, float kept, ulong key)
        where TUse : struct, IUse
    {
        ref var sources = ref MemoryMarshal.GetReference(source);
        ref var targets = ref MemoryMarshal.GetReference(target);
        var (lanes, step) = (new Vector<uint>(Lanes), new Vector<uint>((uint)Vector<uint>.Count));
        var (limit, value) = (new Vector<uint>(threshold), new Vector<float>(kept));
        for (var start = 0; start < target.Length; start += RunLength)
        {
            var number = SplitMix64.Number(key, (first + (uint)start) / RunLength);
            uint low = (uint)number, high = (uint)(number >> 32);
            var (index, keyVector) = (new Vector<uint>(low) + lanes, new Vector<uint>(high));
            var end = Math.Min(start + RunLength, target.Length);
            var i = start;
            for (; i <= end - Vector<float>.Count; i += Vector<float>.Count)
            {
                var x = index ^ (index >>> 16);
                x = (x * FirstFactor) ^ keyVector;
                x ^= x >>> 15;
                x *= SecondFactor;
                x ^= x >>> 15;
                // x >= limit, without an unsigned comparison, which AVX2 lacks.
                var keeps = Vector.AsVectorSingle(Vector.Equals(Vector.Max(x, limit), x));
                var (from, to) = (Vector.LoadUnsafe(ref sources, (nuint)i), Vector.LoadUnsafe(ref targets, (nuint)i));
                TUse.Of(Vector.BitwiseAnd(keeps, value), from, to).StoreUnsafe(ref targets, (nuint)i);
                index += step;
            }

            for (; i < end; i++)
                target[i] = TUse.Of(Hash(unchecked(low + (uint)(i - start)), high) >= threshold ? kept : 0, source[i], target[i]);
        }
    }

    private static uint Hash(uint x, uint key)
    {
        x ^= x >>> 16;
        x = unchecked(x * FirstFactor) ^ key;
        x ^= x >>> 15;
        x = unchecked(x * SecondFactor);
        return x ^ (x >>> 15);
    }

    private readonly struct Store : IUse
    {
        public static Vector<float> Of(Vector<float> mask, Vector<float> source, Vector<float> target) => mask;

        public static float Of(float mask, float source, float target) => mask;
    }

    private readonly struct Product : IUse
    {
        public static Vector<float> Of(Vector<float> mask, Vector<float> source, Vector<float> target) => mask * source;

        public static float Of(float mask, float source, float target) => mask * source;
    }

    private readonly struct Sum : IUse
    {
        public static Vector<float> Of(Vector<float> mask, Vector<float> source, Vector<float> target) => target + (mask * source);

        public static float Of(float mask, float source, float target) => target + (mask * source);
    }
}
