namespace AdaLora;

/// <summary>How many numbers a model holds and how many it trains.</summary>
public sealed class ParameterCounts
{
    internal ParameterCounts(long total, long trainable, long adapters) =>
        (Total, Trainable, Adapters) = (total, trainable, adapters);

    /// <summary>All parameters of the model, including adapters.</summary>
    public long Total { get; }

    /// <summary>Parameters that training changes: live triplets and whatever is trained in full.</summary>
    public long Trainable { get; }

    /// <summary>Parameters of the live triplets alone.</summary>
    public long Adapters { get; }
}
