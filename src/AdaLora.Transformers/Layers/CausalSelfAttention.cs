using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Self-attention of a decoder that reads an encoder: each token attends to those up to its own place.</summary>
/// <param name="shape">The sizes.</param>
/// <param name="names">The family's names of the projections.</param>
/// <param name="layer">The number of the layer, counted from 0.</param>
internal sealed class CausalSelfAttention(AttentionShape shape, AttentionNames names, int layer)
    : ProjectedAttention<DecoderPass>(nameof(CausalSelfAttention), shape, names)
{
    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var (queries, keys, values) = Project(hidden, hidden);
        var (query, key, value) = (Heads.Split(queries), Heads.Split(keys), Heads.Split(values));
        if (pass.Cache is { } cache)
            (key, value) = cache.Append(layer, key, value);
        var mask = pass.MaskFor(null);
        return ToOutput(MultiHeadAttention.Join(Heads.Attend(query, key, value, mask.Additive, training, mask.IsCausal))).MoveToOuterDisposeScope();
    }
}
