using AdaLora.Adapters;

namespace AdaLora;

/// <content>Taking turns with other adapters of the same model; see <see cref="AdapterSet"/>.</content>
public sealed partial class AdaLoraModel
{
    private SwappedTensors? _others;

    /// <summary>Whether the original layers are back for good.</summary>
    internal bool IsDetached { get; private set; }

    /// <summary>Keeps what the tensors of the model that are trained in full hold now, to put it back whenever the adapter is not selected.</summary>
    internal void RememberOriginals() => _others = new SwappedTensors([.. _selection.FullState().Select(s => s.Value), .. _selection.Parameters.Select(p => p.Parameter)]);

    /// <summary>Gives the model back as it was before it was adapted, until <see cref="Reselect"/>.</summary>
    /// <exception cref="InvalidOperationException">The adapters are merged, a step is under way, or lambdas were trained although the allocator never ran.</exception>
    internal void Deselect()
    {
        RequireUnmerged("deselected");
        if (_betweenCalls)
            throw new InvalidOperationException($"A step is under way. Call {nameof(AfterOptimizerStep)}() before another adapter is selected.");
        RequireAllocator();
        _injection.Suspend();
        _selection.Restore();
        _others?.Swap();
    }

    internal void Reselect()
    {
        _others?.Swap();
        _selection.Freeze();
        _injection.Resume();
    }

    private void RequireSelected(string wish)
    {
        if (_injection.IsSuspended)
            throw new InvalidOperationException($"This adapter is not the selected one of its {nameof(AdapterSet)} and cannot be {wish}. Select it first.");
    }
}
