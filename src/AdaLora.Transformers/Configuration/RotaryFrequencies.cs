namespace AdaLora.Transformers.Configuration;

/// <summary>The angles by which a rotary embedding turns from one position to the next, in radians, one per pair of entries; computed in double precision.</summary>
internal static class RotaryFrequencies
{
    /// <param name="rotary">The parameters, without faults.</param>
    /// <param name="rotated">How many entries of each head are rotated.</param>
    /// <param name="maxPositions">The model's positions.</param>
    /// <param name="length">The highest position of the batch, plus one; read only if the parameters depend on it.</param>
    /// <returns>Half as many numbers as entries.</returns>
    public static double[] Of(RotaryParameters rotary, int rotated, int maxPositions, Func<long> length) => rotary.Type switch
    {
        RotaryType.Linear => [.. Plain(rotary.Base, rotated).Select(frequency => frequency / rotary.Factor!.Value)],
        RotaryType.Dynamic => Plain(GrownBase(rotary, rotated, maxPositions, length()), rotated),
        RotaryType.Yarn => Yarn(rotary, rotated, maxPositions),
        RotaryType.LongRope => Divided(Plain(rotary.Base, rotated), length() > Original(rotary, maxPositions) ? rotary.LongFactors! : rotary.ShortFactors!),
        RotaryType.Llama3 => [.. Plain(rotary.Base, rotated).Select(frequency => Llama3(rotary, maxPositions, frequency))],
        _ => Plain(rotary.Base, rotated),
    };

    /// <summary>What sines and cosines are multiplied by.</summary>
    public static double AttentionFactor(RotaryParameters rotary, int maxPositions) => rotary.Type switch
    {
        RotaryType.Yarn => rotary.AttentionFactor ?? YarnFactor(rotary),
        RotaryType.LongRope => rotary.AttentionFactor ?? LongRopeFactor(rotary, maxPositions),
        _ => 1,
    };

    private static int Original(RotaryParameters rotary, int maxPositions) => rotary.OriginalMaxPositions ?? maxPositions;

    private static double[] Plain(double theta, int rotated) => [.. Enumerable.Range(0, rotated / 2).Select(pair => Math.Pow(theta, -2.0 * pair / rotated))];

    private static double[] Divided(double[] frequencies, IReadOnlyList<double> divisors) => [.. frequencies.Zip(divisors, (frequency, divisor) => frequency / divisor)];

    private static double GrownBase(RotaryParameters rotary, int rotated, int maxPositions, long length)
    {
        var factor = rotary.Factor!.Value;
        return rotary.Base * Math.Pow((factor * Math.Max(length, maxPositions) / maxPositions) - (factor - 1), (double)rotated / (rotated - 2));
    }

    private static double Llama3(RotaryParameters rotary, int maxPositions, double frequency)
    {
        var (low, high) = (rotary.LowFrequencyFactor!.Value, rotary.HighFrequencyFactor!.Value);
        // How often the pair turns within the original positions. The blend is on frequencies, not on wavelengths.
        var turns = Original(rotary, maxPositions) * frequency / (2 * Math.PI);
        var kept = Math.Clamp((turns - low) / (high - low), 0, 1);
        return (kept * frequency) + ((1 - kept) * frequency / rotary.Factor!.Value);
    }

    private static double[] Yarn(RotaryParameters rotary, int rotated, int maxPositions)
    {
        var (low, high) = (EntryThatTurns(rotary.BetaFast), EntryThatTurns(rotary.BetaSlow));
        if (rotary.RoundsLimits)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, rotated - 1));
        // Equal limits would divide by zero; the reference widens them by as much.
        if (low == high)
            high += 0.001;
        return [.. Plain(rotary.Base, rotated).Select((frequency, pair) =>
        {
            var divided = Math.Clamp((pair - low) / (high - low), 0, 1);
            return (divided * frequency / rotary.Factor!.Value) + ((1 - divided) * frequency);
        })];

        double EntryThatTurns(double times) => rotated * Math.Log(Original(rotary, maxPositions) / (times * 2 * Math.PI)) / (2 * Math.Log(rotary.Base));
    }

    private static double YarnFactor(RotaryParameters rotary) => rotary is { MagnitudeScale: { } scale and not 0, MagnitudeScaleOfAll: { } all and not 0 }
        ? Magnitude(rotary.Factor!.Value, scale) / Magnitude(rotary.Factor.Value, all)
        : Magnitude(rotary.Factor!.Value, 1);

    private static double Magnitude(double factor, double scale) => factor <= 1 ? 1 : (0.1 * scale * Math.Log(factor)) + 1;

    private static double LongRopeFactor(RotaryParameters rotary, int maxPositions)
    {
        var original = Original(rotary, maxPositions);
        var factor = rotary.Factor ?? (double)maxPositions / original;
        return factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));
    }
}
