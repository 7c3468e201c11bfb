using AdaLora.Allocation;
using AdaLora.Parameters;
using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The triplets of a model at some moment, with the layout and pattern they had.</summary>
internal sealed record AdapterSnapshot(BankLayout Layout, Tensor Values, PatternSnapshot Pattern) : IDisposable
{
    /// <summary>Puts the snapshot into a table; <see cref="AdaLoraModel.ReadSnapshot"/> takes it out.</summary>
    public void Into(StateTable state)
    {
        state.Put("values", Values);
        state.Put("pruned", Pattern.Pruned);
        state.Put("live_triplets", (long)Pattern.LiveTriplets);
        state.Put("compacted", Pattern.IsCompacted);
    }

    public void Dispose()
    {
        Values.Dispose();
        Pattern.Dispose();
    }
}
