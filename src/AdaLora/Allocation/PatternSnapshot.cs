using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>Which of the triplets of the start were pruned at some moment, (triplets) in storage order, how many were left, whether any mask had been applied, whether the pattern was final, and whether only what it kept was held any more.</summary>
internal sealed record PatternSnapshot(Tensor Pruned, int LiveTriplets, bool HasMasked, bool IsFrozen, bool IsCompacted) : IDisposable
{
    /// <summary>For each triplet of the start in storage order, whether it was left. Reads the device once.</summary>
    public bool[] ReadSurvivors()
    {
        using var scope = NewDisposeScope();
        return HostRead.Values<bool>(Pruned.logical_not());
    }

    public void Dispose() => Pruned.Dispose();
}
