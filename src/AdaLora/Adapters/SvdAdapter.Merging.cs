using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <content>The product as a part of the weight.</content>
public abstract partial class SvdAdapter
{
    /// <summary>scale · P diag(lambda) Q in the base weight's layout and dtype: what merging would add to it. If the weight holds whole numbers, in the dtype of the triplets.</summary>
    /// <returns>A new tensor with the shape of the base weight, without a gradient.</returns>
    public Tensor DeltaWeight()
    {
        using var scope = NewDisposeScope();
        var product = Product();
        return product.to(_layer.Weight.is_floating_point() ? _layer.Weight.dtype : product.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Whether merging would leave every entry of the weight finite, a boolean scalar on the device.</summary>
    internal Tensor StaysFinite()
    {
        using var scope = NewDisposeScope();
        return _weight.With(Product()).isfinite().all().MoveToOuterDisposeScope();
    }

    internal void Merge(bool keepOriginal)
    {
        using var scope = NewDisposeScope();
        _weight.Merge(Product(), keepOriginal);
    }

    internal void Unmerge()
    {
        using var scope = NewDisposeScope();
        _weight.Unmerge(Product());
    }

    /// <summary>Takes the weight out of the layer if the precision requires it.</summary>
    internal void TakeOverWeight() => _frozen.TakeOver();

    /// <summary>Leaves the layer with its own weight, whatever the precision.</summary>
    internal void GiveBackWeight() => _frozen.GiveBack();

    /// <summary>Leaves the merged weight in the base layer permanently.</summary>
    internal void ForgetOriginal() => _weight.Forget();

    // In the layout of the base weight, in the dtype of the triplets.
    private Tensor Product()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var product = _left.mul(_lambda.view(1, Rank).Mul(Scale)).mm(_right);
        return _layer.InLayout(product).contiguous().MoveToOuterDisposeScope();
    }
}
