using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using MathNet.Numerics.Statistics;

namespace AdaLora.Experiments.Runs;

/// <summary>Creates the record of a run from its settings and its outcome.</summary>
internal static class RunRecords
{
    public static RunRecord Create(RunSettings settings, RunOutcome outcome) => new()
    {
        Task = settings.Task.Name,
        Method = settings.Method.Name,
        Status = outcome.Status,
        Seed = settings.Get(RunOptions.Seed),
        Model = settings.Get(RunOptions.Model),
        Options = (outcome.AreStepsCounted ? settings.WithSteps(outcome.TotalSteps) : settings).Record(),
        Found = outcome.Found,
        TotalSteps = outcome.TotalSteps,
        Evaluations = outcome.Evaluations,
        Final = outcome.Evaluations is [.., var last] ? last.Metrics : NoMetrics,
        Best = TaskEvaluation.Best(settings.Task.PrimaryMetric, outcome.Evaluations)?.Metrics ?? NoMetrics,
        TrainableParameters = outcome.TrainableParameters,
        Ranks = new OrderedDictionary<string, int>(outcome.Ranks.Select(rank => KeyValuePair.Create(rank.Module, rank.FinalRank))),
        WallSeconds = outcome.WallSeconds,
        StepMsMedian = outcome.StepMilliseconds.Count == 0 ? double.NaN : outcome.StepMilliseconds.Median(),
        PeakRssMb = ProcessMemory.PeakMegabytes(),
        Device = outcome.Device,
        PeakDeviceMb = outcome.PeakDeviceMegabytes,
        SkippedSteps = outcome.SkippedSteps,
        LossScale = outcome.LossScale,
        Processes = outcome.Processes,
        Exchange = outcome.Exchange,
    };

    private static OrderedDictionary<string, double?> NoMetrics => [];
}
