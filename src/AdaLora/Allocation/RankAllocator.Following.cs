using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <content>What the allocator remembers, captured, restored, and kept in step with the bank.</content>
public sealed partial class RankAllocator
{
    /// <summary>The latest pattern, left on the device, to be restored later; the caller disposes it.</summary>
    internal PatternSnapshot Capture() => Current with { Pruned = _pruned.clone().DetachFromDisposeScope() };

    /// <summary>The latest pattern itself, valid until the next mask; do not dispose it.</summary>
    internal PatternSnapshot Current => new(_bank.Roster, _pruned, LiveTriplets, HasMasked, IsPatternFinal, IsCompacted);

    /// <summary>Adds a step to a change of the bank that makes a captured pattern, which covers what the bank holds afterwards, the current one, as final as it was.</summary>
    internal void Restore(PatternSnapshot snapshot, Transition steps)
    {
        var former = (LiveTriplets, HasMasked, IsPatternFinal, IsCompacted);
        steps.Exchange(_pruned, snapshot.Pruned.clone());
        steps.Add(
            () => (LiveTriplets, HasMasked, IsPatternFinal, IsCompacted) = (snapshot.LiveTriplets, snapshot.HasMasked, snapshot.IsPatternFinal, snapshot.IsCompacted),
            () => (LiveTriplets, HasMasked, IsPatternFinal, IsCompacted) = former);
    }

    /// <summary>Adds a step to a change of the bank that records that the triplets pruned by the final pattern are no longer held.</summary>
    internal void Compact(Transition steps)
    {
        var former = IsCompacted;
        steps.Add(() => IsCompacted = true, () => IsCompacted = former);
    }

    void IBankFollower.Follow(BankChange change, Transition steps)
    {
        steps.Exchange(_order, OrderOf(change.Layout));
        steps.Exchange(_pruned, change.GatherTriplets(_pruned));
    }

    /// <summary>Adds a step to a change of the bank that marks it as the strategy's decision: what is held afterwards lives.</summary>
    internal void Follow(Allotment allotment, Transition steps)
    {
        var (former, live) = ((LiveTriplets, HasMasked), allotment.Kept.Count(k => k) + allotment.Added.Values.Sum());
        steps.Add(() => (LiveTriplets, HasMasked) = (live, true), () => (LiveTriplets, HasMasked) = former);
    }
}
