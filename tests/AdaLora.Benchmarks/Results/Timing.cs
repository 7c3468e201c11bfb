namespace AdaLora.Benchmarks;

/// <summary>How long one contender took, turn by turn.</summary>
internal sealed record Timing(string Name, IReadOnlyList<double> Milliseconds)
{
    public double Median => Medians.Of(Milliseconds);
}
