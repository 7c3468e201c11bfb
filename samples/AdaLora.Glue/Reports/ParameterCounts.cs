namespace AdaLora.Glue;

/// <summary>Trainable parameters at the first step and after the last one, when pruned triplets are gone.</summary>
internal sealed record ParameterCounts(long Start, long End);
