using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>A linear map, TorchSharp's or custom: y = x W' + b.</summary>
internal sealed class LinearLayer(nn.Module<Tensor, Tensor> module, IProjection projection) : AdaptableLayer(module)
{
    public IProjection Projection => projection;

    public override Tensor Stored => projection.Weight;

    public override Tensor? Bias => projection.Bias;

    public override long OutFeatures => projection.OutFeatures;

    public override long InFeatures => projection.InFeatures;

    public override bool WeightIsTransposed => projection.WeightIsTransposed;

    public override bool IsLinear => true;

    public static AdaptableLayer? Of(nn.Module module) =>
        Adapters.Projection.TryDescribe(module, out var projection) ? new LinearLayer((nn.Module<Tensor, Tensor>)module, projection) : null;

    /// <summary>A layer that declares nothing, if it turns out to be a linear map.</summary>
    public static AdaptableLayer? Probe(nn.Module module) =>
        module is nn.Module<Tensor, Tensor> layer && ProbedProjection.Of(layer) is { } projection ? new LinearLayer(layer, projection) { IsProbed = true } : null;

    public override bool IsProbed { get; init; }

    public override string? OnlyHooked => Adapters.Projection.HasWholeNumbers(projection) ? $"its weight is of type {Stored.dtype}, which is not floating point" : null;

    public override string? FindFault() => Adapters.Projection.FindFault(projection);

    public override Tensor InLayout(Tensor matrix) => WeightIsTransposed ? matrix.t() : matrix;

    public override Tensor AsMatrix(Tensor weight) => WeightIsTransposed ? weight.t() : weight;

    public override bool TakesPrecision => Module is Linear;

    public override SvdAdapter Adapt(AdapterParts parts) => new SvdLinear(this, parts);
}
