using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Attention of a decoder's tokens to the text that the encoder has read.</summary>
/// <param name="shape">The sizes.</param>
/// <param name="names">The family's names of the projections.</param>
/// <param name="layer">The number of the layer, counted from 0.</param>
internal sealed class CrossAttention(AttentionShape shape, AttentionNames names, int layer)
    : ProjectedAttention<DecoderPass>(nameof(CrossAttention), shape, names)
{
    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var source = pass.Source!;
        var (key, value) = source.Read(layer, ToKeysAndValues, Heads.Split);
        // Tokens do not look at each other here, so that several rows that read the same text are more queries of one row.
        var query = ToQueries(hidden);
        var rows = query.shape;
        var context = Heads.Attend(Heads.Split(query.reshape(key.shape[0], -1, rows[2])), key, value, source.Additive, training, needsProducts: source.NeedsProducts);
        return ToOutput(MultiHeadAttention.Join(context).view(rows)).MoveToOuterDisposeScope();
    }
}
