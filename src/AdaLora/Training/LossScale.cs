using System.Globalization;
using System.Numerics;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// What losses are multiplied by before their backward passes. Gradients below 6e-8 are 0 in float16, and most gradients of a model in float16 are small: a scale keeps them in range, and is
/// taken out again before anything uses the gradients. Scales are powers of two, so that scaling itself rounds nothing. Immutable and thread-safe.
/// </summary>
public sealed class LossScale
{
    private const double DefaultInitial = 65536;
    private const int DefaultGrowthInterval = 2000;

    /// <summary>Scaled losses are in single precision, whose numbers end at 2^128.</summary>
    internal const double Largest = 16777216;

    private LossScale(string name, double initial, int growthInterval) => (Name, Initial, GrowthInterval) = (name, initial, growthInterval);

    /// <summary><see cref="Dynamic"/> with its defaults for a model with weights in float16, otherwise <see cref="None"/>. The default.</summary>
    public static LossScale Automatic { get; } = new("automatic", 1, 0);

    /// <summary>Losses are not scaled.</summary>
    public static LossScale None { get; } = new("none", 1, 0);

    /// <summary>A scale that is halved, but not below 1, by each step whose gradients are not finite, and doubled, but not above 2^24, after a number of good steps in a row.</summary>
    /// <param name="initial">The scale of the first step: a power of two from 1 to 2^24. By default 2^16; the first steps may then be skipped until it fits.</param>
    /// <param name="growthInterval">Good steps in a row after which the scale doubles, at least 1. By default 2,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static LossScale Dynamic(double initial = DefaultInitial, int growthInterval = DefaultGrowthInterval)
    {
        if (!(initial is >= 1 and <= Largest) || !BitOperations.IsPow2((long)initial) || !double.IsInteger(initial))
            throw new ArgumentOutOfRangeException(nameof(initial), initial, "The initial loss scale must be a power of two from 1 to 2^24.");
        ArgumentOutOfRangeException.ThrowIfLessThan(growthInterval, 1);
        return new(string.Create(CultureInfo.InvariantCulture, $"dynamic from {initial}, doubled after {growthInterval} steps"), initial, growthInterval);
    }

    internal string Name { get; }

    internal double Initial { get; }

    /// <summary>0 if losses are not scaled.</summary>
    internal int GrowthInterval { get; }

    internal bool IsDynamic => GrowthInterval > 0;

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>What <see cref="Automatic"/> amounts to for a model; others are themselves.</summary>
    internal LossScale For(nn.Module model) =>
        !ReferenceEquals(this, Automatic) ? this
        : model.parameters().Any(parameter => parameter.dtype == ScalarType.Float16) ? Dynamic()
        : None;
}
