namespace AdaLora.Transformers.Layers;

/// <summary>The sizes of an attention layer.</summary>
/// <param name="HiddenSize">The width of the hidden states.</param>
/// <param name="Heads">The number of heads.</param>
/// <param name="Dropout">The dropout probability of attention weights.</param>
internal sealed record AttentionShape(int HiddenSize, int Heads, double Dropout)
{
    /// <summary>The width of all heads together.</summary>
    public long InnerSize { get; init; } = HiddenSize;

    /// <summary>Whether the projections have biases.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>Whether scores are divided by the root of the size of a head.</summary>
    public bool ScalesScores { get; init; } = true;
}
