using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Self-attention of an encoder. Takes hidden states as rows, and returns those that are kept.</summary>
internal sealed class SelfAttention : ProjectedAttention<PackedTokens>
{
    /// <param name="shape">The sizes.</param>
    /// <param name="names">The family's names of the projections.</param>
    public SelfAttention(AttentionShape shape, AttentionNames names)
        : base(nameof(SelfAttention), shape, names)
    {
    }

    /// <param name="config">The configuration.</param>
    /// <param name="names">The family's names of the projections; null for the usual ones, without an output projection.</param>
    public SelfAttention(EncoderConfig config, AttentionNames? names = null)
        : this(new AttentionShape(config.HiddenSize, config.Heads, config.AttentionDropout), names ?? new AttentionNames("query", "key", "value", null))
    {
    }

    public override Tensor forward(Tensor hidden, PackedTokens rows)
    {
        using var scope = NewDisposeScope();
        var (query, key, value) = Project(rows.Kept(hidden), hidden);
        var context = Heads.ApplyToRows(query, key, value, rows, training, Prefix);
        return ToOutput(context).MoveToOuterDisposeScope();
    }
}
