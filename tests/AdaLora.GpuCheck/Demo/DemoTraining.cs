using System.Text.Json.Nodes;
using AdaLora.Glue;
using AdaLora.Glue.Demo;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Training.Progress;
using AdaLora.Transformers;
using AdaLora.Transformers.Loading;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.GpuCheck;

/// <summary>AdaLoRA on the application's demo task, as the application trains it, on a device of one's choice.</summary>
internal static class DemoTraining
{
    private const int QuickSentences = 320;

    /// <summary>
    /// Makes the encoder that comes with the application ready for this program, which has no tables of Unicode: its tokenizer is told that there are no accents to strip, as is true of the demo's texts.
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
    /// <param name="stopAfter">Steps after which to stop, within the schedule of the whole training; null for the end.</param>
    public static Result Run(string data, string encoder, Device device, int? epochs, double? dropout, int? stopAfter = null)
    {
        var settings = DemoRuns.Run(TrainingMethods.AdaLora, data, epochs ?? DemoDefaults.Epochs);
        settings = settings with { Model = encoder, Dropout = dropout ?? settings.Dropout };
        var tokenizer = TextTokenizer.FromFolder(encoder);
        var (train, dev) = (Read(GlueSplit.Train), Read(GlueSplit.Dev));
        using var model = AutoModel.SequenceClassifier(encoder, settings.Task.LabelCount, new PretrainedOptions { Device = device, Seed = settings.Seed, NewHead = true });
        _ = manual_seed(settings.Seed);
        using var prepared = settings.Method.Prepare(model, settings, NullLogger.Instance);
        var passes = new ShuffledPasses(train, settings.BatchSize, settings.Seed);
        var evaluator = new DevEvaluator(settings.Task, [new Predictor(model, dev)]);
        using var stop = new CancellationTokenSource();
        using var trainer = prepared.CreateTrainer(OptionsFor(settings, passes.BatchesPerPass * settings.Epochs, evaluates: stopAfter is null), NullLogger.Instance);
        var result = trainer.Fit(
            PrefetchedBatches.Of(passes), batch => BatchTensors.Loss(model, batch), stopAfter is null ? evaluator.Evaluate : null, progress: new StopAt(stopAfter, stop), cancellation: stop.Token);
        return new Result(stopAfter is null ? evaluator.Evaluate() : double.NaN, result.Steps, prepared.Ranks.Sum(module => module.FinalRank), [.. result.History.Select(report => report.Loss)], result.Elapsed.TotalSeconds);

        EncodedExamples Read(GlueSplit split) => EncodedExamples.Create(GlueReader.Read(data, settings.Task, split), tokenizer, settings.MaxLength);
    }

    private static TrainerOptions OptionsFor(TrainSettings settings, int total, bool evaluates) => new()
    {
        TotalSteps = total,
        LearningRate = settings.EffectiveLearningRate,
        WeightDecay = settings.WeightDecay,
        Warmup = settings.Warmup.ToPhaseLength(),
        MaxGradientNorm = settings.Clip,
        EvaluateEvery = evaluates ? total : null,
        Seed = settings.Seed,
        KeepBest = false,
        ReportEvery = 1,
    };

    /// <summary>What a training gave.</summary>
    internal sealed record Result(double Matthews, long Steps, int LiveTriplets, IReadOnlyList<double> Losses, double Seconds);

    private sealed class StopAt(int? step, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step >= step)
                stop.Cancel();
        }
    }
}
