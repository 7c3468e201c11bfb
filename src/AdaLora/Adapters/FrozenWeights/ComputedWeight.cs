using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// The weight that a frozen layer is computed with: its own, or a copy in another precision, which is made when it is needed and made again after the weight may have changed. Not a module, so that the copy is in no state
/// dictionary.
/// </summary>
internal sealed class ComputedWeight(AdaptableLayer layer, BasePrecision precision) : IDisposable
{
    private Tensor? _copy;
    private bool _isStale = true;

    /// <summary>Whether it is a copy in another precision.</summary>
    public bool IsCopy
    {
        get
        {
            if (_isStale)
                Refresh();
            return _copy is not null;
        }
    }

    /// <summary>(out, in); not to be disposed.</summary>
    public Tensor Value => IsCopy ? _copy! : layer.Weight;

    /// <summary>The weight may have changed.</summary>
    public void Forget() => _isStale = true;

    private void Refresh()
    {
        var weight = layer.Weight;
        var isWanted = precision == BasePrecision.BFloat16 || (precision == BasePrecision.Automatic && weight.dtype == ScalarType.Float32 && BFloat16Support.IsFastOn(weight.device));
        _isStale = false;
        if (!isWanted || weight.dtype == ScalarType.BFloat16)
            return;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var copy = weight.detach().to(ScalarType.BFloat16);
        // Into the copy that is there: a graph that was made with it then fails instead of going on with other numbers.
        if (_copy is null)
            _copy = copy.DetachFromDisposeScope();
        else
            _copy.copy_(copy);
    }

    public void Dispose() => _copy?.Dispose();
}
