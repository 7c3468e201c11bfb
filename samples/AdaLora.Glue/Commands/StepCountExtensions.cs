using AdaLora.Allocation;

namespace AdaLora.Glue;

/// <summary>From the command line's way to give a number of steps to the library's.</summary>
internal static class StepCountExtensions
{
    public static PhaseLength ToPhaseLength(this StepCount count) => count.IsFraction ? PhaseLength.Fraction(count.Value) : PhaseLength.Steps((long)count.Value);
}
