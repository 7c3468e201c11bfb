using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>A bfloat16 copy, made when needed and remade after the weight may have changed. The weight itself stays in place.</summary>
/// <param name="layer">The layer.</param>
/// <param name="isWanted">Whether such a weight should be copied.</param>
internal sealed class BFloat16Weight(AdaptableLayer layer, Func<Tensor, bool> isWanted) : FrozenWeight(layer)
{
    private Tensor? _copy;
    private bool _isStale = true;

    public override WeightForm Form => IsCopy ? new DenseForm(_copy!) : base.Form;

    public override bool IsCopy
    {
        get
        {
            if (_isStale)
                Refresh();
            return _copy is not null;
        }
    }

    public override void Forget() => _isStale = true;

    public override void Dispose() => _copy?.Dispose();

    private void Refresh()
    {
        var weight = Layer.Weight;
        _isStale = false;
        if (weight.dtype == ScalarType.BFloat16 || !isWanted(weight))
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var copy = weight.detach().to(ScalarType.BFloat16);
        // Into the existing copy: a graph built with it then fails instead of continuing with other numbers.
        if (_copy is null)
            _copy = copy.DetachFromDisposeScope();
        else
            _copy.copy_(copy);
    }
}
