namespace AdaLora;

/// <summary>How many numbers a model holds and trains.</summary>
/// <param name="Total">All parameters of the model, adapters included.</param>
/// <param name="Trainable">Parameters that training changes: live triplets and what is trained in full.</param>
/// <param name="Adapters">Parameters of the live triplets alone.</param>
public sealed record ParameterCounts(long Total, long Trainable, long Adapters);
