using AdaLora.Experiments.Reports;

namespace AdaLora.Glue.Tests;

/// <summary>What a run of 600 steps would report.</summary>
internal static class FakeRun
{
    public const int Steps = 600;

    /// <param name="adaptive">Whether ranks are allocated.</param>
    /// <param name="ranks">The ranks of the matrices at the end; those of <see cref="FakeRunner"/> when null.</param>
    /// <param name="totalSteps">How many steps the run claims to have.</param>
    /// <param name="isBad">The steps whose loss and penalty are no numbers; null for none.</param>
    public static IReadOnlyList<TrainingStatus> History(bool adaptive, IReadOnlyList<ModuleRank>? ranks = null, int totalSteps = Steps, Func<int, bool>? isBad = null)
    {
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(1, Steps).Select(step => new TrainingStatus
            {
                Step = step,
                TotalSteps = totalSteps,
                Loss = isBad?.Invoke(step) == true ? double.NaN : 0.35 + 0.35 * Math.Exp(-step / 150.0) + 0.12 * (random.NextDouble() - 0.5),
                LearningRate = 1e-3 * Math.Min(step / 36.0, (Steps - step) / (Steps - 36.0)),
                Penalty = isBad?.Invoke(step) == true ? double.PositiveInfinity : adaptive ? 0.07 * Math.Exp(-step / 90.0) + 0.004 : null,
                Budget = adaptive ? BudgetAt(step) : null,
                LiveRank = adaptive ? BudgetAt(step - step % 10) : null,
                Allocation = adaptive && step % 10 == 1 ? AllocationAt(step, ranks ?? FakeRanks.Bert(3, 8)) : null,
                SamplesPerSecond = 71.5,
                Remaining = TimeSpan.FromSeconds((Steps - step) * 0.45),
            }),
        ];
    }

    public static IReadOnlyList<TaskEvaluation> Evaluations() =>
    [
        .. Enumerable.Range(1, 6).Select(epoch => new TaskEvaluation(
            epoch * 100,
            epoch,
            new OrderedDictionary<string, double?> { ["matthews"] = 0.3 - 0.3 / epoch - (epoch == 6 ? 0.01 : 0), ["accuracy"] = 0.76 - 0.07 / epoch },
            0.6 - 0.02 * epoch)),
    ];

    /// <summary>Ranks fall to their ends from a tenth to a half of the run; importance is tracked until then.</summary>
    private static IReadOnlyList<ModuleAllocation> AllocationAt(int step, IReadOnlyList<ModuleRank> ranks)
    {
        var left = 1 - Math.Clamp((step - 60) / 240.0, 0, 1);
        return
        [
            .. ranks.Select((rank, i) => new ModuleAllocation(
                rank.Module,
                rank.FinalRank + (int)((rank.InitialRank - rank.FinalRank) * left * left),
                step > 300 || (rank.FinalRank == 0 && left < 0.2) ? null : Math.Pow(10, -9 + (3.0 * rank.FinalRank / rank.InitialRank) + Math.Sin(i + (step / 60.0))))),
        ];
    }

    private static int BudgetAt(int step)
    {
        var left = 1 - Math.Clamp((step - 60) / 240.0, 0, 1);
        return 288 + (int)(144 * left * left * left);
    }
}
