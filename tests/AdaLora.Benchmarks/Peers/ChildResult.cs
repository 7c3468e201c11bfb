namespace AdaLora.Benchmarks;

/// <summary>What a process printed, and how long it took with its start.</summary>
internal sealed record ChildResult(int ExitCode, string Output, TimeSpan Elapsed);
