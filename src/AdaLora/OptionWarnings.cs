using AdaLora.Allocation;

namespace AdaLora;

/// <summary>Settings that are valid but known to perform badly. docs/guide.md explains each.</summary>
internal static class OptionWarnings
{
    private const double LeastFinalShare = 0.1;
    private const double LeastScale = 0.25;
    private const double MostScale = 8;
    private const int FewestMasks = 5;

    /// <summary>One sentence per setting, with the chapter of the guide that says what to do.</summary>
    /// <param name="schedule">The budget over time.</param>
    /// <param name="allocation">What a mask does.</param>
    /// <param name="scales">The scales of the adapters that hold triplets at the start.</param>
    public static IEnumerable<string> Of(BudgetSchedule schedule, AllocationStrategy allocation, IReadOnlyCollection<double> scales)
    {
        if (schedule.TargetBudget < schedule.InitialBudget)
        {
            if (schedule.FinalSteps < LeastFinalShare * schedule.TotalSteps)
                yield return $"Only {schedule.FinalSteps} of {schedule.TotalSteps} steps are left after pruning: the model cannot recover from the last masks. See docs/guide.md#phases";
            var masks = (schedule.FirstFinalStep - schedule.InitialSteps) / schedule.Interval;
            if (masks < FewestMasks)
                yield return $"There {(masks == 1 ? "is only 1 mask" : masks == 0 ? "is no mask" : $"are only {masks} masks")} between the initial and the final phase: each drops many triplets at once. See docs/guide.md#phases";
        }

        if (allocation.Resizes && (schedule.FirstFinalStep - 1) / schedule.Interval * schedule.Interval <= schedule.InitialSteps)
            yield return "There is no mask between the initial and the final phase: no triplet is ever moved. See docs/guide.md#phases";

        if (scales.Count > 0 && (scales.Min() < LeastScale || scales.Max() > MostScale))
            yield return FormattableString.Invariant($"The adapters are scaled by {scales.Min():0.###} to {scales.Max():0.###}; LoRA's usual values lie between 1 and 4. See docs/guide.md#scale");
    }
}
