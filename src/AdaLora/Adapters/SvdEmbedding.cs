using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// A frozen table of embeddings with an AdaLoRA adapter: y = table[i] + scale · P diag(lambda) q_i, where q_i is the column of Q for the word i. Only the words of the input are computed, and
/// there is no dropout, since numbers of words cannot be dropped. A padding word's row gets a product like any other.
/// </summary>
/// <inheritdoc cref="SvdAdapter"/>
public sealed class SvdEmbedding : SvdAdapter
{
    internal SvdEmbedding(EmbeddingLayer layer, AdapterParts parts)
        : base(nameof(SvdEmbedding), layer, parts)
    {
    }

    private protected override Tensor Added(Tensor output, Tensor input, double dropout)
    {
        Activity.Factors?.NoteBypass();
        var precision = ProductPrecision.Of(output, Left.dtype);
        var words = Right.t().index_select(0, input.reshape(-1)).In(precision);
        var low = words.mul(Lambda.view(Rank).Mul(Scale).In(precision)).view([.. input.shape, Rank]);
        return LowRankProduct.AddTo(output, low, Left.In(precision).t());
    }
}
