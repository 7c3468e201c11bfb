using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Which triplets were held at some moment and which of them pruned, (triplets) in storage order; how many were left; whether any mask had been applied; whether the pattern was final;
/// whether pruned triplets had been dropped.
/// </summary>
internal sealed record PatternSnapshot(TripletRoster Roster, Tensor Pruned, int LiveTriplets, bool HasMasked, bool IsPatternFinal, bool IsCompacted) : IDisposable
{
    /// <summary>For each held triplet, in storage order, whether it was left. Reads the device once.</summary>
    public bool[] ReadSurvivors()
    {
        using var scope = NewDisposeScope();
        return HostRead.Values<bool>(Pruned.logical_not());
    }

    /// <summary>The pattern itself, read from the device once.</summary>
    public RankPattern Read() => RankPattern.Of(Roster, ReadSurvivors());

    public void Dispose() => Pruned.Dispose();
}
