using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// An 8-bit weight that replaces the layer's own. The layer's parameter stays the same object, with the same shape and element type, so that code relying on these keeps working; but all its
/// entries are a single NaN, which takes no memory and makes any computation with it obvious.
/// </summary>
internal sealed class Int8Weight : FrozenWeight
{
    private readonly Int8Form _form;
    private bool _isTakenOver;

    public Int8Weight(AdaptableLayer layer)
        : base(layer)
    {
        _form = Int8Form.Of(layer.Weight);
        foreach (var tensor in _form.Tensors)
            tensor.DetachFromDisposeScope();
    }

    // As long as the layer has a weight, that is what is used: before the numbers are taken over, and while they are merged.
    public override WeightForm Form => _isTakenOver ? _form : base.Form;

    public override bool IsCopy => _isTakenOver;

    public override bool IsTakenOver => _isTakenOver;

    public override void TakeOver()
    {
        if (_isTakenOver)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weight = Layer.Weight;
        weight.set_(empty(1, dtype: weight.dtype, device: weight.device).FillInPlace(double.NaN).expand(weight.shape));
        _isTakenOver = true;
    }

    public override void GiveBack()
    {
        // A disposed model takes nothing back.
        if (!_isTakenOver || Layer.Weight.IsInvalid)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var weight = Layer.Weight;
        weight.set_(_form.Dense().to(weight.dtype).to(weight.device));
        _isTakenOver = false;
    }

    public override void Dispose()
    {
        _isTakenOver = false;
        foreach (var tensor in _form.Tensors)
            tensor.Dispose();
    }
}
