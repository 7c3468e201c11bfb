using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>A weight that belongs to no layer that could carry an adapter, as a matrix of rows x the rest.</summary>
/// <param name="whole">Reads the parameter.</param>
/// <param name="part">Takes the weight out of it.</param>
internal sealed class ParameterLayer(Func<Tensor> whole, Func<Tensor, Tensor> part) : AdaptableLayer(new ParameterMatrix(() => part(whole())))
{
    public override Tensor Stored => part(whole());

    public override bool IsDisposed => whole().IsInvalid;

    public override bool IsCalled => false;

    public override Tensor? Bias => null;

    public override long OutFeatures => Shape[0];

    public override long InFeatures => Shape.Skip(1).Aggregate(1L, (product, size) => product * size);

    private long[] Shape { get; } = ShapeOf(() => part(whole()));

    public override bool HasPlainLora => false;

    public override string? FindFault() => null;

    public override Tensor InLayout(Tensor matrix) => matrix.view(Shape);

    public override Tensor AsMatrix(Tensor weight) => weight.flatten(1);

    public override SvdAdapter Adapt(AdapterParts parts) => new SvdWeight(this, parts);

    private static long[] ShapeOf(Func<Tensor> read)
    {
        using var scope = NewDisposeScope();
        return read().shape;
    }
}
