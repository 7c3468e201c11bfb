namespace AdaLora.Glue;

/// <summary>How a model is fine-tuned. The classifier on top is trained in every case.</summary>
internal enum TrainingMethod
{
    /// <summary>SVD adapters whose triplets are pruned to a budget.</summary>
    AdaLora,

    /// <summary>Low-rank adapters of one rank.</summary>
    Lora,

    /// <summary>SVD adapters of the initial rank, never pruned.</summary>
    SvdLora,

    /// <summary>All weights.</summary>
    Full,

    /// <summary>The classifier alone.</summary>
    Frozen,
}
