namespace AdaLora.Training.Data;

/// <summary>The size of a batch, for throughput figures.</summary>
/// <param name="Samples">Examples in the batch.</param>
/// <param name="Tokens">Tokens in the batch, or 0 if not applicable.</param>
public readonly record struct BatchSize(long Samples, long Tokens = 0);
