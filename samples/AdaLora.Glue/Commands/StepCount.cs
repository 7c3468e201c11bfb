using System.Globalization;

namespace AdaLora.Glue;

/// <summary>A number of optimiser steps, given as such when it is at least 1, else as a fraction of the whole run.</summary>
internal readonly record struct StepCount(double Value)
{
    public bool IsFraction => Value < 1;

    public bool IsValid => double.IsFinite(Value) && Value >= 0 && (IsFraction || (double.IsInteger(Value) && Value <= int.MaxValue));

    /// <summary>The steps this means in a run of <paramref name="totalSteps"/>.</summary>
    public int Of(int totalSteps) => IsFraction ? (int)Math.Round(Value * totalSteps) : (int)Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
