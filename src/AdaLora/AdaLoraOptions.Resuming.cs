using AdaLora.Allocation;

namespace AdaLora;

/// <content>Which options a training that resumes must have kept.</content>
public sealed partial record AdaLoraOptions
{
    /// <summary>What affects the rest of a training, and so must be the same when it resumes from a checkpoint.</summary>
    internal IEnumerable<(string Name, object? Value)> Settings(BudgetSchedule schedule) =>
    [
        (nameof(TargetBudget), schedule.TargetBudget),
        (nameof(BudgetUnit), BudgetUnit),
        (nameof(InitialPhase), schedule.InitialSteps),
        (nameof(FinalPhase), schedule.FinalSteps),
        (nameof(MaskInterval), MaskInterval),
        ("BudgetDecay", Decay),
        ("budgets", string.Join(' ', BudgetsToCompare(schedule))),
        (nameof(Allocation), Allocation),
        (nameof(Score), Score),
        (nameof(SensitivityTiming), SensitivityTiming),
        (nameof(Beta1), Beta1),
        (nameof(Beta2), Beta2),
        (nameof(OrthogonalityWeight), OrthogonalityWeight),
        (nameof(OrthogonalityForm), OrthogonalityForm),
        (nameof(Dropout), Dropout),
        (nameof(ShareDropout), ShareDropout),
        (nameof(BasePrecision), BasePrecision),
        (nameof(LearningRateFactors), LearningRateFactors),
    ];

    /// <summary>The options that are not part of <see cref="Settings"/>, and why. A test compares both with the options that exist.</summary>
    internal static IReadOnlyDictionary<string, string> Free { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(InitialRank)] = "the shape of every adapter is compared",
        [nameof(TargetRank)] = "the target budget is compared",
        [nameof(Alpha)] = "the scale of every adapter is compared",
        [nameof(RankStabilized)] = "the scale of every adapter is compared",
        [nameof(Overrides)] = "shape, scale and limits of every adapter are compared",
        [nameof(Targets)] = "the names of all adapters are compared",
        [nameof(Attachment)] = "the way of every adapter is compared",
        [nameof(TrainedRows)] = "the tables and rows are compared",
        [nameof(TrainedModules)] = "the names of all that is trained in full are compared",
        [nameof(Biases)] = "the names of all that is trained in full are compared",
        [nameof(TotalSteps)] = "that of the trainer is compared",
        [nameof(Initialization)] = "the weights come from the checkpoint",
        [nameof(Seed)] = "the weights come from the checkpoint",
    };

    // Two custom decays may have the same name. Only the budgets of actual masks are listed: no other is ever asked for.
    private static IEnumerable<int> BudgetsToCompare(BudgetSchedule schedule)
    {
        const int most = 64;
        var masks = Math.Max(1, (schedule.FirstFinalStep - schedule.InitialSteps) / schedule.Interval);
        var apart = schedule.Interval * Math.Max(1, masks / most);
        for (var step = ((schedule.InitialSteps / schedule.Interval) + 1) * schedule.Interval; step < schedule.FirstFinalStep; step += apart)
            yield return schedule.BudgetAt(step);
    }
}
