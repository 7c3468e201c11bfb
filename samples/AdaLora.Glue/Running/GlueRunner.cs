using System.Globalization;
using AdaLora.Training;
using AdaLora.Training.Data;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Fine-tunes a checkpoint on a task: reads and tokenizes the data, loads the encoder, trains, evaluates on the dev set, and writes what was trained.</summary>
/// <param name="models">Finds the checkpoint; as the environment says when null.</param>
internal sealed class GlueRunner(ModelFolder? models = null) : IRunner
{
    private readonly ModelFolder _models = models ?? new ModelFolder();

    public RunOutcome Execute(TrainSettings settings, IRunReporter reporter, CancellationToken cancellationToken)
    {
        if (settings.Threads is { } threads)
            set_num_threads(threads);
        return LibraryErrors.Explain(() =>
        {
            var device = RunDevice.Open(settings.Device, reporter);
            var folder = _models.Of(settings.Model, reporter, cancellationToken);
            var tokenizer = TextTokenizer.FromFolder(folder);
            var train = EncodedExamples.Read(settings, GlueSplit.Train, GluePart.Whole, tokenizer, reporter, cancellationToken);
            var dev = settings.Task.Parts.Select(part => EncodedExamples.Read(settings, GlueSplit.Dev, part, tokenizer, reporter, cancellationToken)).ToList();
            using var model = BaseModel.Load(folder, settings, tokenizer, device.Device, new NoteLogger(reporter));
            // What adapters begin with is drawn from this generator.
            manual_seed(settings.Seed);
            using var prepared = settings.Method.Prepare(model, settings, NullLogger.Instance);
            return Train(settings, device, model, prepared, train, dev, reporter, cancellationToken);
        });
    }

    private static RunOutcome Train(
        TrainSettings settings, RunDevice device, SequenceClassifier model, PreparedModel prepared, EncodedExamples train, IReadOnlyList<EncodedExamples> dev, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var passes = new ShuffledPasses(train, settings.BatchSize, settings.Seed, settings.GroupByLength);
        var planned = passes.BatchesPerPass * settings.Epochs;
        var total = Math.Min(settings.MaxSteps ?? planned, planned);
        var startParameters = prepared.TrainableParameters;
        var evaluator = new DevEvaluator(settings.Task, [.. dev.Select(part => new Predictor(model, part))]);
        var progress = new ProgressBridge(reporter, evaluator, new RankWatch(prepared, total, settings.DeltaT), device, passes.BatchesPerPass);
        using var trainer = prepared.CreateTrainer(OptionsFor(settings, total, prepared, progress), new NoteLogger(reporter));
        RunFiles.Reopen(settings.OutputFolder);
        var result = trainer.Fit(PrefetchedBatches.Of(passes), batch => BatchTensors.Loss(model, batch), evaluator.Evaluate, batch => batch.Size, progress, cancellationToken);
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
            Device = device.Description,
            PeakDeviceMegabytes = device.PeakMegabytes,
            Files = prepared.Save(SavedRun.AdapterFolderOf(settings.OutputFolder)),
        };
    }

    private static TrainerOptions OptionsFor(TrainSettings settings, int total, PreparedModel prepared, ProgressBridge progress) => new()
    {
        TotalSteps = total,
        LearningRate = settings.EffectiveLearningRate,
        WeightDecay = settings.WeightDecay,
        OptimizerFactory = prepared.OptimizerFor(total),
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
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["batch size"] = settings.BatchSize.ToString(CultureInfo.InvariantCulture) },
        },
    };
}
