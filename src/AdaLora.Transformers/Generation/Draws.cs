namespace AdaLora.Transformers.Generation;

/// <summary>Random numbers by place: what a text draws at a step depends on the seed, the text and the step alone, and not on its neighbours in the batch.</summary>
/// <param name="seed">The seed; null for another one each time.</param>
internal sealed class Draws(long? seed)
{
    private readonly ulong _seed = (ulong)(seed ?? Random.Shared.NextInt64());

    /// <summary>A number from 0 up to 1.</summary>
    /// <param name="text">The number of the text.</param>
    /// <param name="step">The number of the token.</param>
    /// <param name="choice">The number of the choice among several of one step.</param>
    public double Uniform(int text, int step, int choice = 0)
    {
        var mixed = Mix(Mix(Mix(_seed, (ulong)text), (ulong)step), (ulong)choice);
        return (mixed >> 11) * (1.0 / (1UL << 53));
    }

    // The finaliser of SplitMix64 (Steele et al., 2014).
    private static ulong Mix(ulong state, ulong next)
    {
        var value = state + ((next + 1) * 0x9E3779B97F4A7C15);
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
