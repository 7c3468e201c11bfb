using AdaLora.Allocation;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The triplets of a model at some moment with the pattern they had, and as long as that was not final, with the importance that the next masks would have been made by.</summary>
internal sealed record AdapterSnapshot(Tensor Values, PatternSnapshot Pattern, Tensor? Sensitivity, Tensor? Uncertainty) : IDisposable
{
    /// <summary>Puts the snapshot into a table.</summary>
    public void Into(StateTable state)
    {
        state.Put("values", Values);
        state.Put("pruned", Pattern.Pruned);
        state.Put("live_triplets", (long)Pattern.LiveTriplets);
        state.Put("has_masked", Pattern.HasMasked);
        state.Put("frozen", Pattern.IsFrozen);
        state.Put("compacted", Pattern.IsCompacted);
        if (Sensitivity is not null && Uncertainty is not null)
        {
            state.Put("sensitivity", Sensitivity);
            state.Put("uncertainty", Uncertainty);
        }
    }

    /// <summary>Takes a snapshot out of a table; the caller disposes it.</summary>
    public static AdapterSnapshot From(StateTable state, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor Own(string name) => state.Tensor(name).to(device, copy: true);
        var pattern = new PatternSnapshot(Own("pruned"), (int)state.Integer("live_triplets"), state.Flag("has_masked"), state.Flag("frozen"), state.Flag("compacted"));
        var (values, sensitivity, uncertainty) = (Own("values"), state.Contains("sensitivity") ? Own("sensitivity") : null, state.Contains("uncertainty") ? Own("uncertainty") : null);
        scope.Detach([.. new[] { pattern.Pruned, values, sensitivity, uncertainty }.OfType<Tensor>()]);
        return new AdapterSnapshot(values, pattern, sensitivity, uncertainty);
    }

    public void Dispose()
    {
        Values.Dispose();
        Pattern.Dispose();
        Sensitivity?.Dispose();
        Uncertainty?.Dispose();
    }
}
