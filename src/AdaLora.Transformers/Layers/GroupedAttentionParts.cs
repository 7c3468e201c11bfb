namespace AdaLora.Transformers.Layers;

/// <summary>What <see cref="GroupedQueryAttention"/> consists of, as the builder of a family says.</summary>
internal sealed record GroupedAttentionParts
{
    /// <summary>The rotary embedding.</summary>
    public required RotaryEmbedding Rotary { get; init; }

    /// <summary>Whether the projections to queries, keys and values, in this order, are one layer.</summary>
    public bool IsPacked { get; init; }

    /// <summary>Whether these projections have biases.</summary>
    public bool HasInputBias { get; init; }

    /// <summary>Whether the output projection has a bias.</summary>
    public bool HasOutputBias { get; init; }

    /// <summary>Makes the norm of each head of queries, and that of keys, before the rotation; null for none.</summary>
    public Func<RmsNorm>? HeadNorm { get; init; }

    /// <summary>What scores are divided by the root of; null for the size of a head.</summary>
    public double? ScoreSize { get; init; }

    /// <summary>How many tokens each one attends to, itself included; null for all before it.</summary>
    public int? Window { get; init; }
}
