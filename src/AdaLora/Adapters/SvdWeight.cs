using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// The adapter of a weight that belongs to no layer of its own, such as the packed projections of an attention layer or the matrices of an LSTM: a matrix of rows x the rest, to which
/// scale · P diag(lambda) Q is added in place (<see cref="Targeting.AttachmentMethod.Materialise"/>). The model never calls it; called by hand, it is the linear map of that matrix.
/// </summary>
/// <inheritdoc cref="SvdAdapter"/>
public sealed class SvdWeight : SvdAdapter
{
    internal SvdWeight(ParameterLayer layer, AdapterParts parts)
        : base(nameof(SvdWeight), layer, parts)
    {
    }

    private protected override Tensor Added(Tensor output, Tensor input, double dropout)
    {
        var low = nn.functional.linear(Drop(input, Left.dtype, dropout), Right).mul(Lambda.view(Rank).Mul(Scale));
        return LowRankProduct.AddTo(output, low, Left.t());
    }
}
