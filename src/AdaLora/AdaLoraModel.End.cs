using static TorchSharp.torch;

namespace AdaLora;

/// <content>Removing the adapters again, and freeing what they held.</content>
public sealed partial class AdaLoraModel
{
    /// <summary>
    /// Restores the original layer objects and the values that buffers such as running averages had before the model was adapted, and frees the adapters. This object cannot be used afterwards.
    /// </summary>
    /// <returns>The original model; its parameters require gradients as they did before. Merged adapters are first removed from its weights.</returns>
    public nn.Module Detach()
    {
        using var guard = _activity.Gate.Change("detached");
        if (IsMerged)
            Unmerge();
        ReturnOriginals();
        return TakeOutOfBase();
    }

    /// <summary>Frees the adapters' state. The caller still owns the model itself.</summary>
    /// <exception cref="InvalidOperationException">The adapters are being trained on another thread.</exception>
    public void Dispose()
    {
        using var guard = _activity.Gate.Change("freed");
        _activity.LeavingTraining = null;
        ReturnOriginals();
        FreeState();
    }

    private nn.Module TakeOutOfBase()
    {
        // What is not in the model has taken its buffers with it.
        if (!_isFreed && !_injection.IsSuspended)
        {
            _buffers.PutBack();
            foreach (var rows in _rows)
                rows.Write(trained: false);
        }

        return TakeOut();
    }

    private nn.Module TakeOut()
    {
        _activity.LeavingTraining = null;
        _injection.Detach();
        GiveBackWeights();
        foreach (var rows in _rows)
            rows.Release();
        _selection.Restore();
        foreach (var adapter in _adapters)
            adapter.Dispose();

        FreeState();
        IsDetached = true;
        return Model;
    }

    /// <summary>If the base precision replaces weights, the layers give up theirs.</summary>
    internal void TakeOverWeights()
    {
        foreach (var adapter in _adapters)
            adapter.TakeOverWeight();
    }

    /// <summary>The storage of frozen weights that are not parameters of the model, by name.</summary>
    internal IReadOnlyList<(string Name, Tensor Value)> HeldWeights =>
    [
        .. _adapters.Where(a => a.Frozen.IsTakenOver).SelectMany(a => a.Frozen.Form.Tensors.Select((tensor, i) => ($"{a.Slot.Name}.{i}", tensor))),
        .. Sites.Where(s => s.Adaptable.IsMaterialized).Select(s => (s.Path, s.Adaptable.Weight)),
    ];

    private void GiveBackWeights()
    {
        foreach (var adapter in _adapters)
            adapter.GiveBackWeight();
    }

    private void FreeState()
    {
        GiveBackWeights();
        _isFreed = true;
        _activity.EndPass();
        _factors.Dispose();
        _allocator?.Free();
        _tracker.Dispose();
        _regularizer.Free();
        _norm.Dispose();
        _penalty.Dispose();
        _knownLambdas.Dispose();
        _binder.Dispose();
        _others?.Dispose();
        _buffers.Dispose();
        _parts?.Free();
        foreach (var rows in _rows)
            rows.Dispose();
        _bank.Dispose();
    }
}
