using AdaLora.Injection;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora;

/// <content>Merging adapters into the weights of the base model.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>Whether the weights of the base model contain the adapters.</summary>
    public bool IsMerged { get; private set; }

    /// <summary>
    /// Adds every adapter's product to the weight of its base layer, in at least single precision; the model then costs and computes what a plain one does. The adapters are kept: they can
    /// be saved, but not trained or disabled, until <see cref="Unmerge"/>.
    /// </summary>
    /// <param name="keepOriginals">
    /// Keeps copies of the weights, from which unmerging restores every bit. Without them, unmerging subtracts what was added, which leaves a rounding error: below 1e-6 of the weights' size
    /// in single precision, but as large as the dtype's resolution in half precision.
    /// </param>
    /// <exception cref="InvalidOperationException">The adapters are already merged or disabled, or were trained, or gradients left unused, although the allocator never ran.</exception>
    /// <exception cref="NotSupportedException">
    /// Some weights share memory with parameters or buffers of other modules, which would change too, or are recomputed on every read; all of them are listed. Nothing was changed.
    /// </exception>
    /// <exception cref="ArithmeticException">Some weights would not be finite; all of them are listed. Nothing was changed.</exception>
    public void Merge(bool keepOriginals = true)
    {
        using var guard = _activity.Gate.Change("merged");
        RequireUnmerged("merged again");
        if (!_activity.Enabled)
            throw new InvalidOperationException("The adapters are switched off. Leave the scope of DisableAdapters() before merging them.");
        RequireStep();
        if (WeightSharing.FindFaults(Model, [.. Sites.Where(s => !s.IsMaterialized)]) is { Count: > 0 } faults)
            throw new NotSupportedException($"Merging would change more than the adapted layers, or nothing: {string.Join("; ", faults)}. Exclude these layers from the targets, or give them weights of their own.");
        RequireFinite();
        try
        {
            foreach (var adapter in _adapters)
                adapter.Merge(keepOriginals);
        }
        catch
        {
            foreach (var adapter in _adapters.Where(a => a.IsMerged))
                adapter.Unmerge();
            throw;
        }

        IsMerged = true;
        WriteWeights();
    }

    /// <summary>Removes the adapters from the weights of the base model; see <see cref="Merge"/> for how exactly.</summary>
    /// <exception cref="InvalidOperationException">The adapters are not merged.</exception>
    public void Unmerge()
    {
        using var guard = _activity.Gate.Change("taken out of the weights");
        if (!IsMerged)
            throw new InvalidOperationException("The adapters are not merged.");
        foreach (var adapter in _adapters)
            adapter.Unmerge();
        IsMerged = false;
        WriteWeights();
    }

    /// <summary>Merges the adapters permanently and restores the original layer objects. This object cannot be used afterwards.</summary>
    /// <returns>The model, without adapters but with what they learned; its parameters require gradients as they did before.</returns>
    /// <exception cref="InvalidOperationException">As in <see cref="Merge"/>.</exception>
    /// <exception cref="NotSupportedException">As in <see cref="Merge"/>.</exception>
    /// <exception cref="ArithmeticException">As in <see cref="Merge"/>.</exception>
    public nn.Module MergeAndDetach()
    {
        using var guard = _activity.Gate.Change("merged");
        if (!IsMerged)
            Merge(keepOriginals: false);
        foreach (var adapter in _adapters)
            adapter.ForgetOriginal();
        IsMerged = false;
        return TakeOut();
    }

    private void RequireUnmerged(string wish)
    {
        RequireState();
        RequireSelected(wish);
        if (IsMerged)
            throw new InvalidOperationException($"The adapters are merged into the base model and cannot be {wish}. Call {nameof(Unmerge)}() first.");
    }

    private void RequireFinite()
    {
        using var scope = NewDisposeScope();
        var finite = HostRead.Values<bool>(stack(_adapters.Select(a => a.StaysFinite())));
        var faults = _adapters.Zip(finite).Where(p => !p.Second).Select(p => p.First.Slot.Name).ToList();
        if (faults.Count > 0)
            throw new ArithmeticException($"Merging would make weights infinite or NaN; nothing was changed. Affected: {string.Join(", ", faults)}.");
    }
}
