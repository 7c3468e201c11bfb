namespace AdaLora.Training.LearningRates;

/// <summary>How the learning rate falls after the warm-up: a function from the share of the decay still ahead (1 at its start, 0 at the end) to a factor.</summary>
public sealed class LearningRateDecay
{
    private readonly Func<double, double> _factor;

    private LearningRateDecay(string name, Func<double, double> factor, string? settings = null) => (Name, _factor, Settings) = (name, factor, settings ?? name);

    /// <summary>Linearly to 0. The default.</summary>
    public static LearningRateDecay Linear { get; } = new("linear", ahead => ahead);

    /// <summary>To 0 along a half cosine.</summary>
    public static LearningRateDecay Cosine { get; } = new("cosine", ahead => 0.5 * (1 + Math.Cos(Math.PI * (1 - ahead))));

    /// <summary>No decay.</summary>
    public static LearningRateDecay Constant { get; } = new("constant", _ => 1);

    /// <summary>The name of the decay in reports and saved options.</summary>
    public string Name { get; }

    /// <summary>The name with everything that affects the factors.</summary>
    internal string Settings { get; }

    /// <summary>To <paramref name="end"/> along a power of the share still ahead.</summary>
    /// <param name="power">Exponent, positive; 1 is linear.</param>
    /// <param name="end">The last factor, in [0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    public static LearningRateDecay Polynomial(double power, double end = 0)
    {
        if (!double.IsFinite(power) || power <= 0)
            throw new ArgumentOutOfRangeException(nameof(power), power, "The power must be finite and positive.");
        if (end is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(end), end, "The last factor must lie in [0, 1].");
        return new LearningRateDecay("polynomial", ahead => end + ((1 - end) * Math.Pow(ahead, power)), FormattableString.Invariant($"polynomial of power {power:R} to {end:R}"));
    }

    /// <summary>
    /// The learning rate's factor at optimiser step <paramref name="step"/>: step / warm-up during the warm-up, hence 0 at the very first step, then the decay.
    /// </summary>
    /// <param name="step">Optimiser step, counted from 0.</param>
    /// <param name="totalSteps">Optimiser steps of the whole training; later steps use the last factor.</param>
    /// <param name="warmupSteps">Warm-up steps, from 0 to <paramref name="totalSteps"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public double FactorAt(long step, long totalSteps, long warmupSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfLessThan(totalSteps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(warmupSteps, totalSteps);
        if (step < warmupSteps)
            return (double)step / warmupSteps;
        return _factor(Math.Max(0.0, totalSteps - step) / Math.Max(1, totalSteps - warmupSteps));
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
