using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// Sets torch's generators from a key and the number of an epoch or a batch, so that random numbers do not depend on what a process computed before: processes that share the batches of a step
/// draw for each of them what a single one would draw.
/// </summary>
internal static class KeyedRandomness
{
    /// <summary>Before the batches of an epoch are enumerated.</summary>
    /// <param name="key">The key of the training.</param>
    /// <param name="epoch">Its number, from 1.</param>
    public static void BeginEpoch(long key, long epoch) => Seed(key, 2 * epoch);

    /// <summary>Before a batch is taken from its epoch, except the first of an epoch.</summary>
    /// <param name="key">The key of the training.</param>
    /// <param name="batch">Its number over all epochs, from 0.</param>
    public static void BeginBatch(long key, long batch) => Seed(key, (2 * batch) + 1);

    private static void Seed(long key, long number) => manual_seed((long)(Mix(Mix((ulong)key) + (ulong)number) >> 1)).Dispose();

    // SplitMix64 (Steele, Lea and Flood, 2014): neighbouring numbers give unrelated seeds, also in the lower half, which is all that torch's generator takes.
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
