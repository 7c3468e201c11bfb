using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Processes;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Decides which triplets live. Every mask step of the schedule keeps exactly the budgeted number of triplets, those with the highest scores over all matrices;
/// ties are ordered by (ordinal name, index), and the lower wins. The lambdas of the others become 0. If the budget counts parameters (<see cref="BudgetUnit"/>) or matrices have limits of
/// their own, as many of the highest-scoring triplets live as these allow, and each mask waits for the device once.
/// From <see cref="BudgetSchedule.FirstFinalStep"/> on, the pattern is final and is reapplied at each call, however many calls were skipped or repeated.
/// </summary>
public sealed partial class RankAllocator : IBankFollower
{
    private readonly TripletBank _bank;
    private readonly ImportanceTracker _tracker;
    private readonly ImportanceScore _score;
    private readonly AllocationStrategy _strategy;
    private readonly AllocationTerms _terms;
    private readonly Tensor _order;
    private readonly Tensor _pruned;

    /// <summary>Creates an allocator that keeps everything until its first mask.</summary>
    /// <param name="bank">The triplets.</param>
    /// <param name="schedule">The budget over time; it starts with what all triplets of the bank cost.</param>
    /// <param name="tracker">Importance of the same bank.</param>
    /// <param name="score">The importance score; <see cref="ImportanceScore.SensitivityTimesUncertainty"/> when null.</param>
    /// <param name="strategy">What a mask does; <see cref="AllocationStrategy.PruneToBudget"/> when null.</param>
    /// <param name="terms">What triplets cost, and the limits of matrices; <see cref="AllocationTerms.Plain"/> when null.</param>
    internal RankAllocator(
        TripletBank bank, BudgetSchedule schedule, ImportanceTracker tracker, ImportanceScore? score = null, AllocationStrategy? strategy = null, AllocationTerms? terms = null)
    {
        ArgumentNullException.ThrowIfNull(bank);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(tracker);
        _terms = terms ?? AllocationTerms.Plain;
        if (schedule.InitialBudget != _terms.CostOf(bank.Layout.Shapes))
            throw new ArgumentException($"The schedule starts from a budget of {schedule.InitialBudget}, but the triplets of the bank cost {_terms.CostOf(bank.Layout.Shapes)}.", nameof(schedule));

        _bank = bank;
        _tracker = tracker;
        _score = score ?? ImportanceScore.SensitivityTimesUncertainty;
        _strategy = strategy ?? AllocationStrategy.PruneToBudget;
        Schedule = schedule;
        LiveTriplets = bank.Layout.Triplets;
        _order = OrderOf(bank.Layout).DetachFromDisposeScope();
        _pruned = zeros(bank.Layout.Triplets, dtype: ScalarType.Bool, device: bank.Gradients.device).DetachFromDisposeScope();
    }

    /// <summary>The budget over time.</summary>
    public BudgetSchedule Schedule { get; }

    /// <summary>Triplets the latest mask kept: exactly its budget, unless that counts parameters or matrices have limits. Known without querying the device.</summary>
    public int LiveTriplets { get; private set; }

    /// <summary>Whether any mask has been applied yet.</summary>
    public bool HasMasked { get; private set; }

    /// <summary>Whether the pattern is final.</summary>
    public bool IsPatternFinal { get; private set; }

    /// <summary>Whether pruned triplets are no longer held, so that nothing is left to mask.</summary>
    public bool IsCompacted { get; private set; }

    /// <summary>The processes that train together: what is pruned is what the first of them decides.</summary>
    internal IProcessGroup Group { get; set; } = ProcessGroup.Single;

    /// <summary>
    /// Adds the gradients of step <paramref name="step"/> to the importance. From the first step of the final phase on, nothing is accumulated unless nothing has been so far: a pattern
    /// must be based on at least one gradient.
    /// </summary>
    /// <param name="step">t of the schedule, not negative.</param>
    /// <param name="values">The weights, before or after the optimiser step as chosen by the caller, (elements).</param>
    /// <param name="gradients">The gradients, (elements).</param>
    /// <param name="finite">Whether all gradients are finite, a boolean scalar on the device.</param>
    internal void Track(long step, Tensor values, Tensor gradients, Tensor finite)
    {
        if (!IsPatternFinal && (step < Schedule.FirstFinalStep || _tracker.Updates == 0))
            _tracker.Update(values, gradients, finite);
    }

    /// <summary>
    /// What the strategy drops and adds at <paramref name="step"/>; null if the schedule asks for nothing, or there is nothing to drop or add. If there may be something, waits for the
    /// device once.
    /// </summary>
    internal Allotment? Choose(long step, Tensor values)
    {
        if (!_strategy.Resizes || IsPatternFinal || step >= Schedule.FirstFinalStep || !Schedule.MasksAt(step))
            return null;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return _strategy.Choose(TurnAt(Schedule.BudgetAt(step), (double)(step - Schedule.InitialSteps) / (Schedule.FirstFinalStep - Schedule.InitialSteps), values));
    }

    /// <summary>Masks lambdas if the schedule asks for it at <paramref name="step"/>, or applies the final pattern. A strategy that drops triplets masks none until the pattern is final.</summary>
    /// <param name="step">t of the schedule, not negative.</param>
    /// <param name="values">The triplets, changed in place.</param>
    /// <returns>Whether lambdas were masked.</returns>
    /// <exception cref="ArgumentException">The shape of the values differs from the bank's.</exception>
    internal bool Mask(long step, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!IsPatternFinal && step >= Schedule.FirstFinalStep)
            MakeFinal(values);
        else if (!IsPatternFinal && Schedule.MasksAt(step) && !_strategy.Resizes)
            Select(Schedule.BudgetAt(step), values);
        else if (!IsPatternFinal)
            return false;
        if (IsCompacted)
            return true;

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        values.Lambdas(_bank.Layout).MaskedFillInPlace(_pruned, 0);
        return true;
    }

    /// <summary>Settles the pattern at the target budget now, unless it is already settled. <see cref="Mask"/> applies it.</summary>
    internal void MakeFinal(Tensor values)
    {
        if (IsPatternFinal)
            return;
        Select(Schedule.TargetBudget, values);
        IsPatternFinal = true;
    }

    /// <summary>The scores of all triplets in storage order, (triplets).</summary>
    internal Tensor Scores(Tensor values) => _score.Of(_tracker.StateFor(values));

    /// <summary>Frees what the allocator remembers.</summary>
    internal void Free()
    {
        _order.Dispose();
        _pruned.Dispose();
    }

    private Tensor OrderOf(BankLayout layout) => tensor(layout.CanonicalOrder.ToArray(), device: _bank.Gradients.device);

    // All processes decide on the scores of the first.
    private AllocationTurn TurnAt(int budget, double share, Tensor values) =>
        new(_bank.Layout, Group.OfFirst(HostRead.Values<double>(Scores(values).nan_to_num(0).to(ScalarType.Float64))), budget, share) { Terms = _terms };

    private void Select(int budget, Tensor values)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (_terms.IsPlain)
            SelectHighest(budget, values);
        else
            SelectWithin(budget, values);
        HasMasked = true;
    }

    // On the device, without waiting for it.
    private void SelectHighest(int budget, Tensor values)
    {
        // A stable sort of the scores in canonical order makes the lower (name, index) win a tie.
        var canonical = Scores(values).index_select(0, _order).nan_to_num_(0);
        var ranking = canonical.sort(0, descending: true, stable: true).Indices;
        _pruned.FillInPlace(true);
        _pruned.IndexFillInPlace(0, _order.index_select(0, ranking.narrow(0, 0, budget)), false);
        Group.Broadcast(_pruned, root: 0);
        LiveTriplets = budget;
    }

    private void SelectWithin(int budget, Tensor values)
    {
        var kept = TripletSelection.Of(TurnAt(budget, share: 1, values));
        _ = _pruned.copy_(tensor(Array.ConvertAll(kept, k => !k), device: CPU));
        LiveTriplets = kept.Count(k => k);
    }
}
