namespace AdaLora.Glue.Tests;

/// <summary>What a run of 600 steps would report.</summary>
internal static class FakeRun
{
    public const int Steps = 600;

    public static IReadOnlyList<TrainingStatus> History(bool adaptive)
    {
        var random = new Random(1);
        return
        [
            .. Enumerable.Range(1, Steps).Select(step => new TrainingStatus
            {
                Step = step,
                TotalSteps = Steps,
                Loss = 0.35 + 0.35 * Math.Exp(-step / 150.0) + 0.12 * (random.NextDouble() - 0.5),
                LearningRate = 1e-3 * Math.Min(step / 36.0, (Steps - step) / (Steps - 36.0)),
                Penalty = adaptive ? 0.07 * Math.Exp(-step / 90.0) + 0.004 : null,
                Budget = adaptive ? BudgetAt(step) : null,
                LiveRank = adaptive ? BudgetAt(step - step % 10) : null,
                SamplesPerSecond = 71.5,
                Remaining = TimeSpan.FromSeconds((Steps - step) * 0.45),
            }),
        ];
    }

    public static IReadOnlyList<Evaluation> Evaluations() =>
    [
        .. Enumerable.Range(1, 6).Select(epoch => new Evaluation(
            epoch * 100,
            epoch,
            new OrderedDictionary<string, double?> { ["matthews"] = 0.3 - 0.3 / epoch - (epoch == 6 ? 0.01 : 0), ["accuracy"] = 0.76 - 0.07 / epoch },
            0.6 - 0.02 * epoch)),
    ];

    private static int BudgetAt(int step)
    {
        var left = 1 - Math.Clamp((step - 60) / 240.0, 0, 1);
        return 288 + (int)(144 * left * left * left);
    }
}
