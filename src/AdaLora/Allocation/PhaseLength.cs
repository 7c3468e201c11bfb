using System.Globalization;

namespace AdaLora.Allocation;

/// <summary>The length of a training phase: a number of optimiser steps, or a fraction of all of them.</summary>
public readonly record struct PhaseLength
{
    private readonly double _value;
    private readonly bool _isFraction;

    private PhaseLength(double value, bool isFraction) => (_value, _isFraction) = (value, isFraction);

    /// <summary>A fixed number of optimiser steps.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    public static PhaseLength Steps(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        return new PhaseLength(steps, isFraction: false);
    }

    /// <summary>A share of all optimiser steps; the number of steps is rounded down.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="share"/> is not in [0, 1].</exception>
    public static PhaseLength Fraction(double share)
    {
        if (share is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "The share of a phase must lie in [0, 1].");
        return new PhaseLength(share, isFraction: true);
    }

    /// <summary>The number of steps in a training of <paramref name="totalSteps"/> steps.</summary>
    public long In(long totalSteps) => (long)(_isFraction ? _value * totalSteps : _value);

    /// <inheritdoc/>
    public override string ToString() =>
        _isFraction ? _value.ToString("0.####%", CultureInfo.InvariantCulture) : _value.ToString("0 'steps'", CultureInfo.InvariantCulture);
}
