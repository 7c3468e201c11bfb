namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// The weight of the layer under an adapter through its life: in which form it is computed with, and where the numbers are that merging adds to. Not a module, so that no copy is in a state dictionary. This one is the layer's own, as it is.
/// </summary>
internal class FrozenWeight(AdaptableLayer layer) : IDisposable
{
    /// <summary>What products are made of now. Its tensors are not to be disposed.</summary>
    public virtual WeightForm Form => new DenseForm(Layer.Weight);

    /// <summary>Whether products are made of something else than the layer's own tensor.</summary>
    public virtual bool IsCopy => false;

    /// <summary>Whether the numbers are here alone, so that the layer itself cannot be computed.</summary>
    public virtual bool IsTakenOver => false;

    protected AdaptableLayer Layer => layer;

    /// <summary>The layer's own tensor may have changed.</summary>
    public virtual void Forget()
    {
    }

    /// <summary>Takes the numbers out of the layer where this form replaces them, and frees their memory.</summary>
    public virtual void TakeOver()
    {
    }

    /// <summary>Makes the layer one of its own again, with the numbers as they are computed with.</summary>
    public virtual void GiveBack()
    {
    }

    public virtual void Dispose()
    {
    }
}
