using AdaLora.Training;
using AdaLora.Transformers.Checkpoints;
using AdaLora.Transformers.Checkpoints.Hub;
using AdaLora.Transformers.Models;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Fine-tunes a checkpoint on a task: reads and tokenizes the data, loads the encoder, trains, evaluates on the dev set, and writes what was trained.</summary>
/// <param name="hub">Says, given a logger, where checkpoints come from that are given by name; null for what the environment says.</param>
internal sealed class GlueRunner(Func<ILogger, HubOptions>? hub = null) : IRunner
{
    private const int EvaluationBatchSize = 64;

    public RunOutcome Execute(TrainSettings settings, IRunReporter reporter, CancellationToken cancellationToken)
    {
        if (settings.Threads is { } threads)
            set_num_threads(threads);
        try
        {
            var folder = FolderOf(settings.Model, reporter, cancellationToken);
            var tokenizer = TextTokenizer.FromFolder(folder);
            var train = Read(settings, GlueSplit.Train, tokenizer);
            var dev = Read(settings, GlueSplit.Dev, tokenizer);
            cancellationToken.ThrowIfCancellationRequested();
            using var model = SequenceClassifier.FromPretrained(folder, settings.Task.LabelCount, seed: settings.Seed, newHead: true);
            using var prepared = ModelPreparation.Prepare(model, settings, NullLogger.Instance);
            return Train(settings, model, prepared, train, dev, reporter, cancellationToken);
        }
        catch (Exception e) when (e is CheckpointException or InvalidDataException or Serialization.SafetensorsException or Adapters.InjectionException or ArgumentException)
        {
            throw new UserInputException(e.Message);
        }
    }

    private string FolderOf(string model, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var logger = new NoteLogger(reporter);
        var options = hub?.Invoke(logger) ?? new HubOptions { Logger = logger };
        return HubCheckpoint.ResolveAsync(model, options, new DownloadBridge(reporter), cancellationToken).GetAwaiter().GetResult();
    }

    private static RunOutcome Train(
        TrainSettings settings, SequenceClassifier model, PreparedModel prepared, EncodedExamples train, EncodedExamples dev, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var passes = new ShuffledPasses(train, settings.BatchSize, settings.Seed);
        var planned = passes.BatchesPerPass * settings.Epochs;
        var total = Math.Min(settings.MaxSteps ?? planned, planned);
        var startParameters = prepared.TrainableParameters;
        var evaluator = new DevEvaluator(settings, new Predictor(model, dev, EvaluationBatchSize));
        var progress = new ProgressBridge(reporter, evaluator, new RankWatch(prepared, total, settings.DeltaT), passes.BatchesPerPass);
        using var trainer = prepared.CreateTrainer(OptionsFor(settings, total, progress), new NoteLogger(reporter));
        var result = trainer.Fit(passes, batch => BatchTensors.Loss(model, batch), evaluator.Evaluate, batch => batch.Size, progress, cancellationToken);
        if (result.StopReason == StopReason.Diverged)
            throw new UserInputException($"Training diverged: gradients were not finite for many steps in a row, after {result.Steps} of {total} steps. Lower --lr.");
        if (result.StopReason == StopReason.Cancelled)
            progress.Tell(result.Steps, evaluator.Evaluate);
        return new RunOutcome
        {
            Status = result.StopReason == StopReason.Cancelled ? RunStatus.Cancelled : RunStatus.Completed,
            TotalSteps = total,
            Evaluations = progress.Evaluations,
            History = [.. result.History.Select(progress.StatusOf)],
            TrainableParameters = new ParameterCounts(startParameters, prepared.TrainableParameters),
            Ranks = prepared.Ranks,
            StepMilliseconds = result.StepMilliseconds,
            WallSeconds = result.Elapsed.TotalSeconds,
            Files = prepared.Save(Path.Combine(settings.OutputFolder, "adapter")),
        };
    }

    private static TrainerOptions OptionsFor(TrainSettings settings, int total, ProgressBridge progress) => new()
    {
        TotalSteps = total,
        LearningRate = settings.EffectiveLearningRate,
        WeightDecay = settings.WeightDecay,
        Warmup = settings.Warmup.ToPhaseLength(),
        MaxGradientNorm = settings.Clip > 0 ? settings.Clip : null,
        EvaluateEvery = settings.EvalEvery,
        Seed = settings.Seed,
        KeepBest = false,
        ReportEvery = 1,
        Checkpoints = settings.CheckpointEvery == 0 ? null : new CheckpointOptions
        {
            Folder = settings.CheckpointFolder,
            Every = settings.CheckpointEvery,
            Resume = settings.Resume,
            SaveExtra = progress.Save,
            ResumeExtra = progress.Resume,
        },
    };

    private static EncodedExamples Read(TrainSettings settings, GlueSplit split, TextTokenizer tokenizer)
    {
        var examples = GlueReader.Read(settings.Data, settings.Task, split);
        return EncodedExamples.Create([.. examples.Take(settings.Limit ?? examples.Count)], tokenizer, settings.MaxLength);
    }
}
