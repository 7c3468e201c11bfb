namespace AdaLora.Benchmarks;

/// <summary>What the step benchmark runs on.</summary>
/// <param name="Model">A checkpoint folder; null for random weights of BERT-base shape.</param>
/// <param name="Batch">Texts per step.</param>
/// <param name="Length">Tokens per text.</param>
/// <param name="Dropout">Dropout before the adapters (and, with random weights, in the encoder).</param>
/// <param name="Warmup">Steps that are not counted.</param>
/// <param name="Steps">Steps that are.</param>
/// <param name="Threads">Processor threads.</param>
internal sealed record StepBenchmarkSettings(string? Model, int Batch, int Length, double Dropout, int Warmup, int Steps, int Threads);
