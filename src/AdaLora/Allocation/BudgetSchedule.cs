using AdaLora.Internals;

namespace AdaLora.Allocation;

/// <summary>
/// The rank budget over time: how many triplets may live at step t over all matrices, and at which steps the others are masked.
/// With c = 1 - (t - tinit) / (T - tfinal - tinit): budget = b0 for t &lt;= tinit, trunc((b0 - bT) c³ + bT) until t = T - tfinal, then bT.
/// Pure arithmetic in double precision, matching the published code bit for bit.
/// </summary>
public sealed class BudgetSchedule
{
    /// <summary>Creates a schedule.</summary>
    /// <param name="initialBudget">b0, triplets before pruning; not negative.</param>
    /// <param name="targetBudget">bT, triplets after pruning; from 0 to <paramref name="initialBudget"/>.</param>
    /// <param name="totalSteps">T, optimiser steps of the whole training; at least 1.</param>
    /// <param name="initialSteps">tinit, steps before pruning begins; not negative.</param>
    /// <param name="finalSteps">tfinal, steps with the final pattern; not negative. At least one step must remain between the two phases.</param>
    /// <param name="interval">deltaT, steps between two masks; at least 1.</param>
    /// <param name="decay">Shape of the decrease; <see cref="BudgetDecay.Cubic"/> when null.</param>
    /// <exception cref="ArgumentException">A value is out of range; the message lists all of them.</exception>
    public BudgetSchedule(int initialBudget, int targetBudget, long totalSteps, long initialSteps, long finalSteps, long interval = 1, BudgetDecay? decay = null)
    {
        var problems = new Problems();
        problems.Require(initialBudget >= 0, $"the initial budget is {initialBudget}; it must not be negative");
        problems.Require(targetBudget >= 0 && targetBudget <= initialBudget, $"the target budget is {targetBudget}; it must lie between 0 and the initial budget {initialBudget} (in AdaLoraOptions, TargetRank or TargetBudget against InitialRank; see docs/guide.md#ranks)");
        problems.Require(totalSteps >= 1, $"the total number of steps is {totalSteps}; it must be at least 1");
        problems.Require(initialSteps >= 0, $"the initial phase has {initialSteps} steps; it must not be negative");
        problems.Require(finalSteps >= 0, $"the final phase has {finalSteps} steps; it must not be negative");
        problems.Require(interval >= 1, $"the mask interval is {interval}; it must be at least 1");
        problems.Require(
            finalSteps < totalSteps - initialSteps,
            $"the initial phase ({initialSteps}) and the final phase ({finalSteps}) leave no step to prune in: together they must be shorter than the training ({totalSteps})");
        problems.ThrowIfAny("The budget schedule is inconsistent");

        InitialBudget = initialBudget;
        TargetBudget = targetBudget;
        TotalSteps = totalSteps;
        InitialSteps = initialSteps;
        FinalSteps = finalSteps;
        Interval = interval;
        Decay = decay ?? BudgetDecay.Cubic;
    }

    /// <summary>b0: triplets before pruning.</summary>
    public int InitialBudget { get; }

    /// <summary>bT: triplets after pruning.</summary>
    public int TargetBudget { get; }

    /// <summary>T: optimiser steps of the whole training.</summary>
    public long TotalSteps { get; }

    /// <summary>tinit: steps before pruning begins.</summary>
    public long InitialSteps { get; }

    /// <summary>tfinal: steps with the final pattern.</summary>
    public long FinalSteps { get; }

    /// <summary>deltaT: steps between two masks.</summary>
    public long Interval { get; }

    /// <summary>Shape of the decrease.</summary>
    public BudgetDecay Decay { get; }

    /// <summary>T - tfinal: from this step on the pattern is final and importance is no longer tracked.</summary>
    public long FirstFinalStep => TotalSteps - FinalSteps;

    /// <summary>The budget at step <paramref name="step"/>, between <see cref="TargetBudget"/> and <see cref="InitialBudget"/>.</summary>
    /// <param name="step">t, counted from 0; steps past the end have the target budget.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    public int BudgetAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step <= InitialSteps)
            return InitialBudget;
        if (step > FirstFinalStep)
            return TargetBudget;
        var ahead = 1 - ((double)(step - InitialSteps) / (FirstFinalStep - InitialSteps));
        return (int)(((InitialBudget - TargetBudget) * Decay.KeptShare(ahead)) + TargetBudget);
    }

    /// <summary>
    /// Whether the schedule masks at step <paramref name="step"/>: every <see cref="Interval"/> steps in the pruning phase, every step in the final phase.
    /// The allocator also masks at <see cref="FirstFinalStep"/>, whatever the interval.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    public bool MasksAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step > FirstFinalStep || (step > InitialSteps && step % Interval == 0);
    }
}
