namespace AdaLora.Benchmarks;

/// <summary>A program that was started failed.</summary>
internal sealed class ChildProcessException(string message) : Exception(message);
