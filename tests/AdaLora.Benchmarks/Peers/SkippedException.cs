namespace AdaLora.Benchmarks;

/// <summary>What a benchmark needs is not there; it is optional, so this is no failure.</summary>
internal sealed class SkippedException(string message) : Exception(message);
