namespace AdaLora.Benchmarks;

/// <summary>How long to measure.</summary>
/// <param name="Warmup">Rounds that are not counted.</param>
/// <param name="Rounds">Rounds that are, at least 1.</param>
/// <param name="Threads">Processor threads.</param>
internal sealed record Pace(int Warmup, int Rounds, int Threads);
