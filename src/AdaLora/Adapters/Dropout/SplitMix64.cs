namespace AdaLora.Adapters.Dropout;

/// <summary>The generator of Steele, Lea and Flood (2014): well-mixed 64-bit numbers from a counter.</summary>
internal static class SplitMix64
{
    private const ulong Step = 0x9e3779b97f4a7c15UL;

    /// <summary>Every bit of the argument affects every bit of the result; different arguments give different results.</summary>
    public static ulong Mix(ulong value)
    {
        value = unchecked((value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL);
        value = unchecked((value ^ (value >> 27)) * 0x94d049bb133111ebUL);
        return value ^ (value >> 31);
    }

    /// <summary>The number at a position of the sequence that starts after <paramref name="seed"/>.</summary>
    public static ulong Number(ulong seed, ulong place) => Mix(unchecked(seed + ((place + 1) * Step)));
}
