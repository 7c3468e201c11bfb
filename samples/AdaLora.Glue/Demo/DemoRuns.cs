using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Demo;

/// <summary>What the application does without arguments: the frozen encoder with a trained head, then AdaLoRA, on the demo's own task.</summary>
internal static class DemoRuns
{
    private static readonly string Root = Path.Combine("runs", "demo");

    /// <summary>Writes the demo's data and returns its runs.</summary>
    public static IReadOnlyList<RunSettings> Prepare()
    {
        var data = Path.Combine(Root, "data");
        DemoData.Create(DemoDefaults.DataSeed, DemoDefaults.TrainCount, DemoDefaults.DevCount).Write(data);
        return [Run(TrainingMethods.Frozen, data, DemoDefaults.FrozenEpochs), Run(TrainingMethods.AdaLora, data, DemoDefaults.Epochs)];
    }

    /// <summary>The settings of one run.</summary>
    /// <param name="method">How to train.</param>
    /// <param name="data">The folder of the demo's data.</param>
    /// <param name="epochs">How long.</param>
    public static RunSettings Run(TrainingMethod method, string data, int epochs) => RunSettings.Of(GlueTasks.Find("cola"), method)
        .With(RunOptions.Data, data)
        .With(RunOptions.Model, DemoDefaults.EncoderFolder)
        .With(RunOptions.Epochs, epochs)
        .With(RunOptions.LearningRate, DemoDefaults.LearningRate)
        .With(RunOptions.InitialRank, DemoDefaults.InitialRank)
        .With(RunOptions.TargetRank, DemoDefaults.TargetRank)
        .With(RunOptions.Alpha, DemoDefaults.Alpha)
        .With(RunOptions.Dropout, DemoDefaults.Dropout)
        .With(RunOptions.Gamma, DemoDefaults.Gamma)
        .With(RunOptions.InitialPhase, new StepCount(DemoDefaults.InitialFraction))
        .With(RunOptions.FinalPhase, new StepCount(DemoDefaults.FinalFraction))
        .With(RunOptions.MaskInterval, DemoDefaults.MaskInterval)
        .With(RunOptions.MaxLength, DemoDefaults.MaxLength)
        .With(RunOptions.CheckpointEvery, 0)
        .With(RunOptions.Output, Path.Combine(Root, method.Name));
}
