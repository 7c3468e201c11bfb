namespace AdaLora.Adapters.FrozenWeights;

/// <summary>
/// The frozen weight under an adapter: the form used to compute with it, and where the numbers are that merging adds to. Not a module, so that no copy ends up in a state dictionary. This
/// class uses the layer's own weight.
/// </summary>
internal class FrozenWeight(AdaptableLayer layer) : IDisposable
{
    /// <summary>What products are currently computed from. Do not dispose its tensors.</summary>
    public virtual WeightForm Form => new DenseForm(Layer.Weight);

    /// <summary>Whether products are computed from something other than the layer's own tensor.</summary>
    public virtual bool IsCopy => false;

    /// <summary>Whether the numbers exist only here, so that the layer itself cannot be computed.</summary>
    public virtual bool IsTakenOver => false;

    protected AdaptableLayer Layer => layer;

    /// <summary>Called when the layer's own tensor may have changed.</summary>
    public virtual void Forget()
    {
    }

    /// <summary>Takes the numbers out of the layer if this form replaces them, and frees their memory.</summary>
    public virtual void TakeOver()
    {
    }

    /// <summary>Gives the layer its own weight again, with the numbers as they are computed with.</summary>
    public virtual void GiveBack()
    {
    }

    public virtual void Dispose()
    {
    }
}
