using System.Text.Json.Nodes;
using MathNet.Numerics.Statistics;

namespace AdaLora.Glue;

/// <summary>Makes the record of a run from what was asked for and what came of it.</summary>
internal static class RunRecords
{
    public static RunRecord Create(TrainSettings settings, RunOutcome outcome) => new()
    {
        Task = settings.Task.Name,
        Method = settings.MethodName,
        Status = outcome.Status,
        Seed = settings.Seed,
        Model = settings.Model,
        Options = Options(settings),
        TotalSteps = outcome.TotalSteps,
        Evaluations = outcome.Evaluations,
        Final = outcome.Evaluations is [.., var last] ? last.Metrics : NoMetrics,
        Best = Evaluation.Best(settings.Task, outcome.Evaluations)?.Metrics ?? NoMetrics,
        TrainableParameters = outcome.TrainableParameters,
        Ranks = new OrderedDictionary<string, int>(outcome.Ranks.Select(rank => KeyValuePair.Create(rank.Module, rank.FinalRank))),
        WallSeconds = outcome.WallSeconds,
        StepMsMedian = outcome.StepMilliseconds.Count == 0 ? double.NaN : outcome.StepMilliseconds.Median(),
        PeakRssMb = ProcessMemory.PeakMegabytes(),
        Device = outcome.Device,
        PeakDeviceMb = outcome.PeakDeviceMegabytes,
    };

    private static OrderedDictionary<string, double?> NoMetrics => [];

    /// <summary>The options in force, under the names they have on the command line.</summary>
    public static JsonObject Options(TrainSettings s)
    {
        (string Name, JsonNode? Value)[] options =
        [
            (TrainOptionNames.Task, s.Task.Name),
            (TrainOptionNames.Data, s.Data),
            (TrainOptionNames.Model, s.Model),
            (TrainOptionNames.Method, s.MethodName),
            (TrainOptionNames.Seed, s.Seed),
            (TrainOptionNames.Epochs, s.Epochs),
            (TrainOptionNames.BatchSize, s.BatchSize),
            (TrainOptionNames.MaxLength, s.MaxLength),
            (TrainOptionNames.LearningRate, s.EffectiveLearningRate),
            (TrainOptionNames.Warmup, s.Warmup.Value),
            (TrainOptionNames.WeightDecay, s.WeightDecay),
            (TrainOptionNames.Clip, s.Clip),
            (TrainOptionNames.Dropout, s.Dropout),
            (TrainOptionNames.ShareDropout, s.ShareDropout),
            (TrainOptionNames.InitialRank, s.InitialRank),
            (TrainOptionNames.TargetRank, s.TargetRank),
            (TrainOptionNames.Alpha, s.Alpha),
            (TrainOptionNames.Gamma, s.Gamma),
            (TrainOptionNames.BasePrecision, BasePrecisions.NameOf(s.BasePrecision)),
            (TrainOptionNames.InitialPhase, s.InitialPhase.Value),
            (TrainOptionNames.FinalPhase, s.FinalPhase.Value),
            (TrainOptionNames.DeltaT, s.DeltaT),
            (TrainOptionNames.Bottleneck, s.Bottleneck),
            (TrainOptionNames.VirtualTokens, s.VirtualTokens),
            (TrainOptionNames.Targets, new JsonArray([.. s.Targets.Select(target => (JsonNode)target)])),
            (TrainOptionNames.Layers, new JsonArray([.. s.Layers.Select(layer => (JsonNode)layer)])),
            (TrainOptionNames.MaxSteps, s.MaxSteps),
            (TrainOptionNames.Limit, s.Limit),
            (TrainOptionNames.GroupByLength, s.GroupByLength),
            (TrainOptionNames.EvalEvery, s.EvalEvery),
            (TrainOptionNames.CheckpointEvery, s.CheckpointEvery),
            (TrainOptionNames.Device, s.Device),
            (TrainOptionNames.Threads, s.Threads),
            (TrainOptionNames.Output, s.OutputFolder),
            (TrainOptionNames.TensorBoard, s.TensorBoard),
        ];
        return new JsonObject(options.Select(option => KeyValuePair.Create(TrainOptionNames.KeyOf(option.Name), option.Value)));
    }
}
