using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <content>What the host may ask; each answer waits for the device.</content>
public sealed partial class RankAllocator
{
    /// <summary>The latest pattern over all triplets that ever existed; everything is kept before the first mask. Reads the device once.</summary>
    public RankPattern ReadPattern() => Current.Read();

    /// <summary>The scores the next mask would compare, by matrix: one for each held triplet, NaN as 0. Computes all scores once and waits for the device once.</summary>
    /// <remarks>Once the pattern is final, importance is no longer tracked: the scores are then those of its last moment, and of different triplets if the bank has been compacted since.</remarks>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> ReadScores()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var read = HostRead.Values<double>(Scores(_bank.Values).nan_to_num(0).to(ScalarType.Float64));
        return _bank.Layout.Slots.ToDictionary(s => s.Name, s => (IReadOnlyList<double>)read[s.First..(s.First + s.Rank)], StringComparer.Ordinal);
    }

    /// <summary>
    /// The mean score of the triplets that the latest mask kept, for each matrix by name; null if it kept none. Computes all scores once, as a mask does, and reads the device once.
    /// Valid only until the pattern is settled: after that, nothing is tracked.
    /// </summary>
    internal IReadOnlyDictionary<string, double?> ReadMeanScores(Tensor values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scores = Scores(values).nan_to_num(0).to(ScalarType.Float64);
        var read = HostRead.Values<double>(cat([scores, _pruned.to(ScalarType.Float64)]));
        var layout = _bank.Layout;
        return layout.Slots.ToDictionary(s => s.Name, MeanOf, StringComparer.Ordinal);

        double? MeanOf(TripletSlot slot) =>
            Enumerable.Range(slot.First, slot.Rank).Where(i => read[layout.Triplets + i] == 0).Average(i => (double?)read[i]);
    }

    /// <summary>For each held triplet, in storage order, whether the latest mask kept it. Reads the device once.</summary>
    internal bool[] ReadSurvivors() => Current.ReadSurvivors();
}
