using AdaLora.Injection;

namespace AdaLora;

/// <content>Sharing a model with other adapters by turns; see <see cref="AdapterSet"/>.</content>
public sealed partial class AdaLoraModel
{
    private SwappedTensors? _others;

    /// <summary>Whether the original layers have been restored permanently.</summary>
    internal bool IsDetached { get; private set; }

    /// <summary>Stores the current values of the buffers and of the tensors that are trained in full, to restore them whenever the adapter is not selected.</summary>
    internal void RememberOriginals() =>
        _others = new SwappedTensors([.. _selection.FullState().Select(s => s.Value), .. _selection.Parameters.Select(p => p.Parameter), .. _buffers.Present.Select(b => b.Value), .. LoadedTables()]);

    /// <summary>Restores the model as it was before it was adapted, until <see cref="Reselect"/>.</summary>
    /// <exception cref="InvalidOperationException">The adapters are merged, a step is under way, or lambdas were trained although the allocator never ran.</exception>
    internal void Deselect()
    {
        using var guard = _activity.Gate.Change("deselected");
        RequireUnmerged("deselected");
        if (_betweenCalls)
            throw new InvalidOperationException($"A step is under way. Call {nameof(AfterOptimizerStep)}() before selecting another adapter.");
        RequireAllocator();
        _injection.Suspend();
        GiveBackWeights();
        foreach (var rows in _rows)
        {
            rows.Write(trained: false);
            rows.Release();
        }

        _selection.Restore();
        _others?.Swap();
    }

    /// <summary>Whether the adapters can still be put into the model: they have not been detached or disposed, and the model has not been disposed.</summary>
    internal bool IsUsable => !_isFreed && !_adapters.Any(a => a.IsDisposed);

    /// <summary>Removes from the model whatever is still in it, regardless of what was done by hand before.</summary>
    internal void Release()
    {
        using var guard = _activity.Gate.Change("freed");
        if (IsDetached)
            return;
        if (Sites.Any(s => s.Adaptable.IsDisposed) || _adapters.Any(a => a.IsDisposed))
        {
            // The model is disposed; nothing can be put back into it.
            _activity.LeavingTraining = null;
            FreeState();
            return;
        }

        if (IsMerged)
            Unmerge();
        ReturnOriginals();
        TakeOutOfBase();
    }

    /// <summary>Restores the base model's values of the tensors that were trained in full, if this is the selected adapter of a set.</summary>
    private void ReturnOriginals()
    {
        if (_others is not { } others)
            return;
        _others = null;
        using (others)
        {
            if (!_injection.IsSuspended && IsUsable)
                others.Swap();
        }
    }

    internal void Reselect()
    {
        using var guard = _activity.Gate.Change("selected");
        _others?.Swap();
        _selection.Freeze();
        _injection.Resume();
        _injection.RequireGradients();
        WriteWeights();
        TakeOverWeights();
    }

    private void RequireSelected(string wish)
    {
        if (_injection.IsSuspended)
            throw new InvalidOperationException($"This adapter is not the one selected in its {nameof(AdapterSet)} and cannot be {wish}. Select it first.");
    }
}
