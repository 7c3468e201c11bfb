namespace AdaLora.Benchmarks;

/// <summary>The schedule of a block of steps, the same for all programs: a final phase after its end makes all of it budgeting.</summary>
internal static class BlockPlan
{
    /// <summary>Steps at the beginning that are not counted, for all programs.</summary>
    public const int Uncounted = 5;

    public const double FinalFraction = 0.2;

    public static int TotalSteps(int steps) => (int)Math.Ceiling((steps + 1) / (1 - FinalFraction));

    public static int FinalSteps(int steps) => (int)(FinalFraction * TotalSteps(steps));
}
