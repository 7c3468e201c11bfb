using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The weight that a frozen layer is computed with: its own, or a copy in another precision that is made once. Not a module, so that the copy is in no state dictionary.</summary>
internal sealed class ComputedWeight : IDisposable
{
    private readonly IProjection _projection;
    private readonly Tensor? _copy;

    public ComputedWeight(IProjection projection, BasePrecision precision)
    {
        _projection = projection;
        var weight = projection.Weight;
        var isWanted = precision == BasePrecision.BFloat16 || (precision == BasePrecision.Automatic && weight.dtype == ScalarType.Float32 && BFloat16Support.IsFastOn(weight.device));
        if (!isWanted || weight.dtype == ScalarType.BFloat16)
            return;
        using var frozen = no_grad();
        _copy = weight.detach().to(ScalarType.BFloat16).DetachFromDisposeScope();
    }

    /// <summary>Whether it is a copy in another precision.</summary>
    public bool IsCopy => _copy is not null;

    /// <summary>(out, in); not to be disposed.</summary>
    public Tensor Value => _copy ?? _projection.Weight;

    public void Dispose() => _copy?.Dispose();
}
