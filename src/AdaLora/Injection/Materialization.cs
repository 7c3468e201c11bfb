using AdaLora.Adapters;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// An adapter whose product is part of the weight itself, so that it does not matter how the model uses that. The weight gets the gradient, which is then that of P, lambda and Q, too.
/// </summary>
/// <param name="site">The weight.</param>
/// <param name="adapter">Its adapter.</param>
/// <param name="slots">The parameters or buffers that have the weight's memory, the weight's own first: tied ones are separate parameters, each with a gradient of its own.</param>
internal sealed class Materialization(InjectionSite site, SvdAdapter adapter, IReadOnlyList<TensorSlot> slots) : Placement(site, adapter)
{
    public override bool IsInPlace => IsApplied && slots.All(slot => slot.Exists);

    public override bool IsApplied => Site.Adaptable.IsMaterialized;

    /// <summary>The tensors with the gradient, with their names in the model.</summary>
    public IEnumerable<TensorSlot> Slots => slots;

    public override void Apply()
    {
        Site.Adaptable.KeepOriginal();
        adapter.IsBeside = true;
        AdapterTable.AddCarrier(Site.Owner);
    }

    public override void Withdraw()
    {
        using var scope = NewDisposeScope();
        foreach (var slot in slots.Where(slot => slot.Exists))
        {
            slot.Value.grad = null;
            slot.Value.requires_grad = false;
        }

        Site.Adaptable.GiveBackOriginal();
        adapter.IsBeside = false;
        AdapterTable.RemoveCarrier(Site.Owner);
    }

    /// <summary>Writes what the weight is with the current triplets, or without them, and lets it take a gradient accordingly.</summary>
    public void Write()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var contributes = adapter.Contributes;
        if (contributes)
            adapter.WriteProduct();
        else
            _ = Site.Adaptable.Stored.copy_(Site.Adaptable.Weight);
        foreach (var slot in slots)
            slot.Value.requires_grad = contributes;
    }

    /// <summary>Whether a backward pass has left a gradient.</summary>
    public bool HasGradient => slots.Any(slot => slot.Value.grad is not null);

    /// <summary>Adds the gradients of P, lambda and Q that follow from the weight's to theirs.</summary>
    public void Project()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor? sum = null;
        foreach (var gradient in slots.Select(slot => slot.Value.grad).OfType<Tensor>())
        {
            var dense = gradient.is_sparse ? gradient.to_dense() : gradient;
            sum = sum is null ? dense : sum.Add(dense);
        }

        if (sum is not null)
            adapter.TakeGradient(Site.Adaptable.AsMatrix(Site.PartOf(sum)));
    }

    /// <summary>Drops the weight's gradient.</summary>
    public void DropGradient()
    {
        foreach (var slot in slots)
            slot.Value.grad = null;
    }
}
