using System.Globalization;
using AdaLora.Allocation;

namespace AdaLora.Experiments.Settings;

/// <summary>A number of optimiser steps, given as such if it is at least 1, otherwise as a fraction of the whole run.</summary>
internal readonly record struct StepCount(double Value)
{
    public bool IsFraction => Value < 1;

    public bool IsValid => double.IsFinite(Value) && Value >= 0 && (IsFraction || (double.IsInteger(Value) && Value <= int.MaxValue));

    public PhaseLength ToPhaseLength() => IsFraction ? PhaseLength.Fraction(Value) : PhaseLength.Steps((long)Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
