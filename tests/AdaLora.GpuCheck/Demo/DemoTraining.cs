using System.Text.Json.Nodes;
using AdaLora.Devices;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;
using AdaLora.Glue.Demo;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>AdaLoRA on the application's demo task, as the application trains it, on a chosen device.</summary>
internal static class DemoTraining
{
    private const int QuickSentences = 320;

    /// <summary>
    /// Makes the encoder that comes with the application ready for this program, which has no tables of Unicode: its tokenizer is told that there are no accents to strip, as is true of the
    /// demo's texts.
    /// </summary>
    public static void WriteEncoder(string folder)
    {
        _ = Directory.CreateDirectory(folder);
        foreach (var file in new DirectoryInfo(DemoDefaults.EncoderFolder).GetFiles())
            _ = file.CopyTo(Path.Combine(folder, file.Name));
        var path = Path.Combine(folder, "tokenizer_config.json");
        var settings = JsonNode.Parse(File.ReadAllText(path))!;
        settings["strip_accents"] = false;
        File.WriteAllText(path, settings.ToJsonString());
    }

    /// <summary>Writes the demo's data, or a few of them.</summary>
    public static void WriteData(string folder, bool isQuick) =>
        DemoData.Create(DemoDefaults.DataSeed, isQuick ? QuickSentences : DemoDefaults.TrainCount, isQuick ? QuickSentences / 5 : DemoDefaults.DevCount).Write(folder);

    /// <param name="data">What <see cref="WriteData"/> wrote.</param>
    /// <param name="encoder">The checkpoint.</param>
    /// <param name="device">Where to train.</param>
    /// <param name="epochs">Null for the demo's.</param>
    /// <param name="dropout">Null for the demo's.</param>
    /// <param name="precision">Of the whole model; null for single precision.</param>
    /// <param name="stopAfter">Steps after which to stop, within the schedule of the whole training; null for the end.</param>
    public static Result Run(string data, string encoder, Device device, int? epochs, double? dropout, ModelPrecision? precision = null, int? stopAfter = null)
    {
        var settings = DemoRuns.Run(TrainingMethods.AdaLora, data, epochs ?? DemoDefaults.Epochs);
        settings = settings.With(RunOptions.Model, encoder).With(RunOptions.Dropout, dropout ?? settings.Get(RunOptions.Dropout))
            .With(RunOptions.Precision, precision ?? ModelPrecision.Float32);
        var inputs = Runner.InputsOf(settings, encoder, DataSets.Training | DataSets.Dev, new SilentReporter(), CancellationToken.None);
        var task = settings.Task.Read(inputs);
        using var model = task.LoadModel(device);
        _ = manual_seed(settings.Get(RunOptions.Seed));
        using var attachment = settings.Method.Attach(model.Base, settings, NullLogger.Instance);
        var epochBatches = new ShuffledEpochs<TaskBatch>(task.Count, task.LengthOf, model.Encode, settings.Get(RunOptions.BatchSize), settings.Get(RunOptions.Seed));
        var evaluator = new Evaluator(model, settings.Task.PrimaryMetric, []);
        using var stop = new CancellationTokenSource();
        using var trainer = attachment.CreateTrainer(OptionsFor(settings, epochBatches.BatchesPerEpoch * settings.Get(RunOptions.Epochs), evaluates: stopAfter is null), NullLogger.Instance);
        var result = trainer.Fit(
            PrefetchedBatches.Of(epochBatches), batch => batch.Loss(), stopAfter is null ? evaluator.Evaluate : null, progress: new StopAt(stopAfter, stop), cancellation: stop.Token);
        return new Result(stopAfter is null ? evaluator.Evaluate() : double.NaN, result.Steps, attachment.Ranks.Sum(module => module.FinalRank),
            [.. result.History.Select(report => report.Loss)], result.Elapsed.TotalSeconds, result.SkippedSteps, result.LossScale);
    }

    private static TrainerOptions OptionsFor(RunSettings settings, int total, bool evaluates) => new()
    {
        TotalSteps = total,
        LearningRate = settings.Get(RunOptions.LearningRate),
        WeightDecay = settings.Get(RunOptions.WeightDecay),
        Warmup = settings.Get(RunOptions.Warmup).ToPhaseLength(),
        MaxGradientNorm = settings.Get(RunOptions.Clip),
        EvaluateEvery = evaluates ? total : null,
        Seed = settings.Get(RunOptions.Seed),
        KeepBest = false,
        ReportEvery = 1,
    };

    /// <summary>What a training gave.</summary>
    internal sealed record Result(double Matthews, long Steps, int LiveTriplets, IReadOnlyList<double> Losses, double Seconds, long SkippedSteps, double? LossScale);

    private sealed class StopAt(int? step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= step)
                stop.Cancel();
        }
    }
}
