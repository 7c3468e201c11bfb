namespace AdaLora.Benchmarks;

/// <summary>What was measured of one contender.</summary>
internal sealed record BenchmarkRow(string Name, IReadOnlyList<Figure> Figures);
