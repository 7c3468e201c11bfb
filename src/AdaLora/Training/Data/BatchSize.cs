namespace AdaLora.Training.Data;

/// <summary>How much work a batch is, for throughput figures.</summary>
/// <param name="Samples">Examples in the batch.</param>
/// <param name="Tokens">Tokens in the batch, or 0 where that means nothing.</param>
public readonly record struct BatchSize(long Samples, long Tokens = 0);
