using System.Text.Json.Nodes;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Glue.Tests;

internal static class FakeRecord
{
    public static RunRecord Create(
        IReadOnlyList<ModuleRank> ranks,
        string method = "adalora",
        RunStatus status = RunStatus.Completed,
        IReadOnlyList<TaskEvaluation>? evaluations = null,
        IReadOnlyDictionary<string, double?>? final = null,
        TrainableParameters? trainable = null,
        double stepMilliseconds = 450.25) => new()
        {
            Task = "cola",
            Method = method,
            Status = status,
            Seed = 7,
            Model = "models/small",
            Options = new JsonObject { ["alpha"] = 32.0, ["layers"] = new JsonArray(0, 1), ["limit"] = null },
            TotalSteps = FakeRun.Steps,
            Evaluations = evaluations ?? FakeRun.Evaluations(),
            Final = final ?? FakeRun.Evaluations()[^1].Metrics,
            Best = FakeRun.Evaluations()[^2].Metrics,
            TrainableParameters = trainable ?? new TrainableParameters(200_000, 150_000),
            Ranks = ranks.ToDictionary(rank => rank.Module, rank => rank.FinalRank),
            WallSeconds = 642.5,
            StepMsMedian = stepMilliseconds,
            PeakRssMb = 1546,
        };

    /// <summary>The record of a run that did nothing.</summary>
    public static RunRecord Of(RunSettings settings) => RunRecords.Create(settings, new RunOutcome
    {
        Status = RunStatus.Cancelled,
        TotalSteps = 0,
        Evaluations = [],
        History = [],
        TrainableParameters = new TrainableParameters(0, 0),
        Ranks = [],
        StepMilliseconds = [],
        WallSeconds = 0,
    });
}
