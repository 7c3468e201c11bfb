namespace AdaLora.Experiments.Reports;

/// <summary>Trainable parameters at the first step and after the last one, when pruned triplets are gone.</summary>
internal sealed record TrainableParameters(long Start, long End);
