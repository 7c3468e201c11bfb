using System.Globalization;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Processes;
using AdaLora.Training;
using AdaLora.Training.Data;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Runs;

/// <summary>Fine-tunes a checkpoint on a task: reads and encodes the data, loads the model, attaches the method, trains, evaluates, and writes what was trained.</summary>
/// <param name="models">Finds the checkpoint; as the environment says when null.</param>
/// <param name="group">The processes that share a run, of which only the first writes; this one alone if null.</param>
internal sealed class Runner(ModelFolder? models = null, IProcessGroup? group = null) : IRunner
{
    private const int BatchesToStartFrom = 4;

    private readonly ModelFolder _models = models ?? new ModelFolder();
    private readonly IProcessGroup _group = group ?? ProcessGroup.Single;

    public RunOutcome Execute(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken)
    {
        if (settings.Get(RunOptions.Threads) is { } threads)
            set_num_threads(threads);
        return LibraryErrors.Explain(() =>
        {
            var device = OpenDevice(settings, reporter);
            var folder = _models.Of(settings.Get(RunOptions.Model), reporter, cancellationToken);
            var data = settings.Task.Read(InputsOf(settings, folder, DataSets.Training | DataSets.Dev, reporter, cancellationToken, _group));
            using var model = data.LoadModel(device.Device, new NoteLogger(reporter));
            // The initial values of adapters are drawn from this generator.
            manual_seed(settings.Get(RunOptions.Seed));
            var known = settings.WithSteps(StepsOf(settings, Epochs(settings, data, model)));
            using var attachment = settings.Method.Attach(model.Base.With(FirstBatches(known, data, model)), known, NullLogger.Instance);
            return Train(known, device, data, model, attachment, reporter, cancellationToken);
        });
    }

    public RunPlan Plan(RunSettings settings, IRunReporter reporter, CancellationToken cancellationToken) => LibraryErrors.Explain(() =>
    {
        _ = OpenDevice(settings, reporter);
        var folder = _models.Of(settings.Get(RunOptions.Model), reporter, cancellationToken);
        using var model = settings.Task.Read(InputsOf(settings, folder, DataSets.None, reporter, cancellationToken)).LoadModel(CPU);
        return settings.Method.Plan(model.Base, settings);
    });

    /// <summary>What settings say about a task's data and model.</summary>
    public static TaskInputs InputsOf(
        RunSettings settings,
        string checkpoint,
        DataSets sets,
        IRunReporter reporter,
        CancellationToken cancellationToken,
        IProcessGroup? group = null,
        JsonObject? found = null) => new()
        {
            Checkpoint = checkpoint,
            Data = settings.Get(RunOptions.Data),
            Sets = sets,
            Options = settings,
            Found = found,
            MaxLength = settings.Get(RunOptions.MaxLength),
            Limit = settings.Get(RunOptions.Limit),
            Dtype = settings.Get(RunOptions.Precision).Dtype,
            Seed = settings.Get(RunOptions.Seed),
            Reporter = reporter,
            Group = group ?? ProcessGroup.Single,
            Cancellation = cancellationToken,
        };

    // What no run begins without, and no plan either.
    private RunDevice OpenDevice(RunSettings settings, IRunReporter reporter)
    {
        if (settings.Get(RunOptions.Accumulate) < _group.Size)
        {
            throw new UserInputException(
                $"{RunOptions.Accumulate}: is {settings.Get(RunOptions.Accumulate)}, but {_group.Size} processes share the batches of a step; it must be at least {_group.Size}.");
        }

        if (settings.Get(RunOptions.DealByLength) && settings.Get(RunOptions.GroupByLength))
            throw new UserInputException($"{RunOptions.DealByLength} and {RunOptions.GroupByLength} are two ways to put texts into batches; choose one.");
        return RunDevice.Open(settings.Get(RunOptions.Device), settings.Get(RunOptions.Precision), reporter);
    }

    private static IEnumerable<Action> FirstBatches(RunSettings settings, ITaskData data, ITaskModel model) =>
        Epochs(settings, data, model).Take(BatchesToStartFrom).Select(batch => (Action)(() => batch.Loss().Dispose()));

    private static ShuffledEpochs<TaskBatch> Epochs(RunSettings settings, ITaskData data, ITaskModel model)
    {
        var trained = Divide(settings, data).Trained;
        return new(
            trained.Count,
            example => data.LengthOf(trained[example]),
            examples => model.Encode([.. examples.Select(example => trained[example])]),
            settings.Get(RunOptions.BatchSize),
            settings.Get(RunOptions.Seed),
            settings.Get(RunOptions.DealByLength) ? BatchOrder.EvenBatches : settings.Get(RunOptions.GroupByLength) ? BatchOrder.SimilarLengths : BatchOrder.Random,
            settings.Get(RunOptions.Accumulate));
    }

    private static int StepsOf(RunSettings settings, ShuffledEpochs<TaskBatch> epochs)
    {
        var planned = Math.Max(1, epochs.BatchesPerEpoch * settings.Get(RunOptions.Epochs) / settings.Get(RunOptions.Accumulate));
        return Math.Min(settings.Get(RunOptions.MaxSteps) ?? planned, planned);
    }

    private static HeldOutExamples Divide(RunSettings settings, ITaskData data) => HeldOutExamples.Of(data.Count, settings.Get(RunOptions.HeldOut), data.GroupOf);

    private RunOutcome Train(
        RunSettings settings, RunDevice device, ITaskData data, ITaskModel model, MethodAttachment attachment, IRunReporter reporter, CancellationToken cancellationToken)
    {
        var epochs = Epochs(settings, data, model);
        var total = StepsOf(settings, epochs);
        var startParameters = attachment.TrainableParameters;
        var evaluator = new Evaluator(model, settings.Task.PrimaryMetric, Divide(settings, data).KeptAside);
        var stepsPerEpoch = epochs.BatchesPerEpoch / (double)settings.Get(RunOptions.Accumulate);
        var progress = new ProgressBridge(reporter, evaluator, new RankWatch(attachment, total, settings.Get(RunOptions.MaskInterval)), device, stepsPerEpoch);
        using var trainer = attachment.CreateTrainer(OptionsFor(settings, total, data, attachment, progress), new NoteLogger(reporter));
        if (_group.Rank == 0)
            RunFiles.Reopen(settings.OutputFolder);
        var batches = PrefetchedBatches.Of(epochs);
        var result = model.SumsLosses
            ? trainer.Fit(batches, batch => batch.LossSum(), evaluator.Evaluate, batch => batch.Size, progress, cancellationToken)
            : trainer.Fit(batches, batch => batch.Loss(), evaluator.Evaluate, batch => batch.Size, progress, cancellationToken);
        if (result.StopReason == StopReason.Diverged)
            throw new UserInputException($"Training diverged: gradients were not finite for many steps in a row, after {result.Steps} of {total} steps. Lower --lr.");
        if (result.StopReason == StopReason.Cancelled && _group.OfFirst(progress.HasEvaluated(result.Steps) ? 1 : 0) == 0)
            progress.Tell(result.Steps, evaluator.Evaluate);
        return new RunOutcome
        {
            Status = result.StopReason == StopReason.Cancelled ? RunStatus.Cancelled : RunStatus.Completed,
            TotalSteps = total,
            AreStepsCounted = true,
            Evaluations = progress.Evaluations,
            History = [.. result.History.Select(progress.StatusOf)],
            TrainableParameters = new TrainableParameters(startParameters, attachment.TrainableParameters),
            Ranks = attachment.Ranks,
            StepMilliseconds = result.StepMilliseconds,
            WallSeconds = result.Elapsed.TotalSeconds,
            Device = device.Description,
            PeakDeviceMegabytes = device.PeakMegabytes,
            SkippedSteps = result.SkippedSteps,
            LossScale = result.LossScale,
            Processes = _group.Size,
            Exchange = _group.Size == 1 ? null : new ExchangeSeconds(result.Waited.TotalSeconds, result.Transferred.TotalSeconds),
            Found = data.Found,
            Files = _group.Rank == 0 ? [.. attachment.Save(SavedRun.AdapterFolderOf(settings.OutputFolder)), .. ScoreFiles.Write(settings.OutputFolder, evaluator.Latest)] : [],
        };
    }

    private TrainerOptions OptionsFor(RunSettings settings, int total, ITaskData data, MethodAttachment attachment, ProgressBridge progress) => new()
    {
        TotalSteps = total,
        LearningRate = settings.Get(RunOptions.LearningRate),
        WeightDecay = settings.Get(RunOptions.WeightDecay),
        OptimizerFactory = attachment.OptimizerFor(total),
        Warmup = settings.Get(RunOptions.Warmup).ToPhaseLength(),
        MaxGradientNorm = settings.Get(RunOptions.Clip) is > 0 and var most ? most : null,
        EvaluateEvery = settings.Get(RunOptions.EvalEvery),
        Seed = settings.Get(RunOptions.Seed),
        KeepBest = false,
        GradientAccumulation = settings.Get(RunOptions.Accumulate),
        DataFingerprint = DataChecksum.Of(data),
        Group = _group,
        ReportEvery = 1,
        Checkpoints = settings.Get(RunOptions.CheckpointEvery) == 0 ? null : new CheckpointOptions
        {
            Folder = settings.CheckpointFolder,
            Every = settings.Get(RunOptions.CheckpointEvery) * settings.Get(RunOptions.Accumulate),
            Resume = settings.Get(RunOptions.Resume),
            SaveExtra = progress.Save,
            ResumeExtra = progress.Resume,
            Settings = IdentityOf(settings),
        },
    };

    // What was kept aside is named only where something is, so that checkpoints of earlier versions remain valid.
    private static Dictionary<string, string> IdentityOf(RunSettings settings)
    {
        var identity = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["batch size"] = settings.Get(RunOptions.BatchSize).ToString(CultureInfo.InvariantCulture),
            ["precision"] = settings.Get(RunOptions.Precision).Name,
        };
        if (settings.Get(RunOptions.HeldOut) is > 0 and var part)
            identity["held out"] = part.ToString(CultureInfo.InvariantCulture);
        return identity;
    }
}
