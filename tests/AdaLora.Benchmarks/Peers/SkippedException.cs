namespace AdaLora.Benchmarks;

/// <summary>What a benchmark needs is missing; it is optional, so this is not a failure.</summary>
internal sealed class SkippedException(string message) : Exception(message);
