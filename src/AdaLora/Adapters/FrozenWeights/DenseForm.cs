using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>An unchanged weight: one floating-point number per entry.</summary>
internal sealed class DenseForm(Tensor weight) : WeightForm
{
    public override IReadOnlyList<Tensor> Tensors => [weight];

    public override ScalarType Dtype => weight.dtype;

    public override WeightForm Over(IReadOnlyList<Tensor> tensors) => new DenseForm(tensors[0]);

    public override Tensor Linear(Tensor rows, Tensor? bias) => RowProducts.Linear(rows, weight, bias);

    public override Tensor Multiply(Tensor rows) => RowProducts.Multiply(rows, weight);

    public override Tensor Dense() => weight;
}
