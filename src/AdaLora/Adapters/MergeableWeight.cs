using AdaLora.Adapters.FrozenWeights;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The weight of a base layer, to which an adapter's product can be added and from which it can be subtracted.</summary>
internal sealed class MergeableWeight(AdaptableLayer layer, FrozenWeight held) : IDisposable
{
    private Tensor? _original;
    private bool _isHeld;

    public bool IsMerged { get; private set; }

    /// <summary>The weight with the product added, in its own dtype. The sum is computed in the product's dtype, which is at least single precision: rounding happens once.</summary>
    /// <param name="product">The product, in the layout of the weight.</param>
    public Tensor With(Tensor product)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // The layer's own holds no numbers while another form holds them.
        var weight = held.IsTakenOver ? held.Form.Dense() : layer.Weight;
        return weight.to(product.dtype).Add(product).to(weight.dtype).MoveToOuterDisposeScope();
    }

    public void Merge(Tensor product, bool keepOriginal)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var merged = With(product);
        _isHeld = held.IsTakenOver;
        held.GiveBack();
        _original = keepOriginal && !_isHeld ? layer.Weight.detach().clone().DetachFromDisposeScope() : null;
        layer.Weight.copy_(merged);
        IsMerged = true;
    }

    public void Unmerge(Tensor product)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (_isHeld)
            held.TakeOver();
        else
            layer.Weight.copy_(_original ?? With(product.neg()));
        Forget();
        held.Forget();
    }

    /// <summary>Makes the current weight that of a plain layer.</summary>
    public void Forget()
    {
        IsMerged = false;
        _original?.Dispose();
        _original = null;
    }

    public void Dispose() => _original?.Dispose();
}
