using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using AdaLora.Adapters.FrozenWeights;

namespace AdaLora.Glue;

/// <summary>The options of a training run on the command line, and how they become settings. Defaults are those of <see cref="TrainSettings"/>.</summary>
internal sealed class TrainOptions
{
    private static readonly TrainSettings Defaults = new() { Task = GlueTasks.All[0], Data = "", Model = "" };

    private static readonly string OwnLearningRates = string.Join(
        ", ", TrainingMethods.All.Where(method => !method.SharesTaskLearningRate).Select(method => string.Create(CultureInfo.InvariantCulture, $"{method.LearningRate:0.#######} for {method.Name}")));

    private readonly Option<GlueTask> _task = ParsedOption.Create(TrainOptionNames.Task, $"The GLUE task: {string.Join(", ", GlueTasks.All.Select(task => task.Name))}.", "NAME", GlueTasks.Find, required: true);
    private readonly Option<string> _data = new(TrainOptionNames.Data) { Description = "The GLUE folder, or the task's own folder.", HelpName = "DIR", Required = true };
    private readonly Option<string> _model = new(TrainOptionNames.Model) { Description = "The pre-trained checkpoint: a folder, or a name on the Hugging Face hub.", HelpName = "DIR|NAME", Required = true };
    private readonly Option<TrainingMethod?> _method = ParsedOption.Create<TrainingMethod?>(
        TrainOptionNames.Method, $"What to train beside the classifier: {string.Join("; ", TrainingMethods.All.Select(method => $"{method.Name}: {method.Summary}"))}. [default: {Defaults.MethodName}]", "NAME", TrainingMethods.Find);
    private readonly Option<int> _seed = ParsedOption.Number(TrainOptionNames.Seed, "Seed of all randomness.", Defaults.Seed);
    private readonly Option<int?> _epochs = ParsedOption.OptionalNumber<int>(TrainOptionNames.Epochs, "Passes over the training set. [default: the task's]");
    private readonly Option<int> _batchSize = ParsedOption.Number(TrainOptionNames.BatchSize, "Examples per step.", Defaults.BatchSize);
    private readonly Option<int> _maxLength = ParsedOption.Number(TrainOptionNames.MaxLength, "Tokens per example; the rest is cut off.", Defaults.MaxLength);
    private readonly Option<double?> _learningRate = ParsedOption.OptionalNumber<double>(TrainOptionNames.LearningRate, $"Highest learning rate. [default: {OwnLearningRates}; the task's for the others]");
    private readonly Option<double> _warmup = ParsedOption.Number(TrainOptionNames.Warmup, "Steps of warm-up: a fraction of the run, or steps when 1 or more.", Defaults.Warmup.Value);
    private readonly Option<double> _weightDecay = ParsedOption.Number(TrainOptionNames.WeightDecay, "Weight decay of AdamW.", Defaults.WeightDecay);
    private readonly Option<double> _clip = ParsedOption.Number(TrainOptionNames.Clip, "Largest gradient norm; 0 for no limit.", Defaults.Clip);
    private readonly Option<double> _dropout = ParsedOption.Number(TrainOptionNames.Dropout, "Dropout in front of the adapters.", Defaults.Dropout);
    private readonly Option<bool> _shareDropout = new(TrainOptionNames.ShareDropout) { Description = "Drop the same entries in front of adapters that read the same input, such as query, key and value: less work, but other results than without." };
    private readonly Option<int> _initialRank = ParsedOption.Number(TrainOptionNames.InitialRank, "Rank of every adapter at the start (adalora, prune-lora).", Defaults.InitialRank);
    private readonly Option<int> _targetRank = ParsedOption.Number(TrainOptionNames.TargetRank, "Rank of every adapter (lora, svd-lora), or their mean rank at the end (adalora, prune-lora).", Defaults.TargetRank);
    private readonly Option<double> _alpha = ParsedOption.Number(TrainOptionNames.Alpha, "Scale of the adapters, divided by their rank at the start.", Defaults.Alpha);
    private readonly Option<double?> _gamma = ParsedOption.OptionalNumber<double>(TrainOptionNames.Gamma, "Weight of the orthogonality penalty. [default: the task's]");
    private readonly Option<BasePrecision?> _basePrecision = ParsedOption.Create<BasePrecision?>(
        TrainOptionNames.BasePrecision,
        $"Precision in which the frozen layers are computed: {BasePrecisions.Names} (bf16 where the processor has instructions for it). [default: {BasePrecisions.NameOf(Defaults.BasePrecision)}]",
        "NAME",
        name => BasePrecisions.Find(name));
    private readonly Option<double?> _initialPhase = ParsedOption.OptionalNumber<double>(TrainOptionNames.InitialPhase, "Steps before pruning: a fraction of the run, or steps when 1 or more. [default: the task's fraction]");
    private readonly Option<double?> _finalPhase = ParsedOption.OptionalNumber<double>(TrainOptionNames.FinalPhase, "Steps after pruning: a fraction of the run, or steps when 1 or more. [default: the task's fraction]");
    private readonly Option<int?> _deltaT = ParsedOption.OptionalNumber<int>(TrainOptionNames.DeltaT, "Steps between two prunings. [default: the task's, fewer in shorter runs]");
    private readonly Option<int> _bottleneck = ParsedOption.Number(TrainOptionNames.Bottleneck, "Inner width of bottleneck adapters (houlsby, pfeiffer).", Defaults.Bottleneck);
    private readonly Option<int> _virtualTokens = ParsedOption.Number(TrainOptionNames.VirtualTokens, "Trained vectors among the words (prompt), or in front of the keys and values of every layer (prefix).", Defaults.VirtualTokens);
    private readonly Option<IReadOnlyList<string>?> _targets = ParsedOption.Create<IReadOnlyList<string>?>(
        TrainOptionNames.Targets, "Matrices to adapt, by the ends of their names, such as query,value, or by whole names with * for a part and ** for several. [default: all linear layers]", "NAMES", ListArguments.Names);
    private readonly Option<IReadOnlyList<int>?> _layers = ParsedOption.Create<IReadOnlyList<int>?>(
        TrainOptionNames.Layers, "Layers to adapt, such as 0-2,5. [default: all]", "NUMBERS", ListArguments.Numbers);
    private readonly Option<int?> _maxSteps = ParsedOption.OptionalNumber<int>(TrainOptionNames.MaxSteps, "Optimiser steps at most.");
    private readonly Option<int?> _limit = ParsedOption.OptionalNumber<int>(TrainOptionNames.Limit, "Use the first examples of each split only.");
    private readonly Option<bool> _groupByLength = new(TrainOptionNames.GroupByLength) { Description = "Put texts of about equal length into a batch: less padding, so faster, but other results than without." };
    private readonly Option<int?> _evalEvery = ParsedOption.OptionalNumber<int>(TrainOptionNames.EvalEvery, "Steps between two evaluations. [default: one epoch]");
    private readonly Option<string> _device = RunDevice.Option();
    private readonly Option<int?> _threads = ParsedOption.OptionalNumber<int>(TrainOptionNames.Threads, "Processor threads. [default: one per core]");
    private readonly Option<int> _checkpointEvery = ParsedOption.Number(TrainOptionNames.CheckpointEvery, "Steps between two checkpoints, from which an interrupted run goes on; 0 for none. They are deleted when the run ends.", Defaults.CheckpointEvery);
    private readonly Option<bool> _resume = new(TrainOptionNames.Resume) { Description = "Go on from the newest checkpoint in the output folder; the result is the same, bit for bit, as without the interruption. A run that has ended is shown, not repeated." };
    private readonly Option<string?> _output = new(TrainOptionNames.Output) { Description = "Folder for the run's files. [default: runs/<task>-<method>-<seed>]", HelpName = "DIR" };
    private readonly Option<string?> _tensorBoard = new(TrainOptionNames.TensorBoard) { Description = "Also write what happens at each step for TensorBoard into a folder.", HelpName = "DIR" };

    /// <summary>All options, in the order of the help text.</summary>
    public IEnumerable<Option> All =>
    [
        _task, _data, _model, _method, _seed, _epochs, _batchSize, _maxLength, _learningRate, _warmup, _weightDecay, _clip, _dropout, _shareDropout, _initialRank, _targetRank,
        _alpha, _gamma, _basePrecision, _initialPhase, _finalPhase, _deltaT, _bottleneck, _virtualTokens, _targets, _layers, _maxSteps, _limit, _groupByLength, _evalEvery, _checkpointEvery, _resume, _device, _threads, _output, _tensorBoard,
    ];

    /// <summary>The options of which every run has its own, in a command that makes several.</summary>
    public IEnumerable<Option> OfOneRun => [_task, _method, _seed, _resume, _output, _tensorBoard];

    /// <summary>The settings of a finished run.</summary>
    /// <param name="record">Its options under the names of the command line, as metrics.json keeps them.</param>
    /// <exception cref="UserInputException">They are of another version of this application.</exception>
    public static TrainSettings FromRecord(JsonObject record)
    {
        var options = new TrainOptions();
        var command = new Command("train");
        foreach (var option in options.All)
            command.Add(option);
        var line = command.Parse([.. Arguments(record)]);
        return line.Errors.Count == 0 ? options.Bind(line) : throw new UserInputException($"The run was made by another version: {string.Join(" ", line.Errors.Select(error => error.Message))}");
    }

    /// <summary>The arguments that ask train for a run. Options that its method does not read are left out.</summary>
    public static IReadOnlyList<string> ArgumentsOf(TrainSettings settings)
    {
        var options = RunRecords.Options(settings);
        foreach (var ignored in TrainingMethods.OptionsIgnoredBy([settings.Method]))
            _ = options.Remove(TrainOptionNames.KeyOf(ignored));
        return [.. Arguments(options)];
    }

    /// <summary>The settings a command line asks for, not yet validated. What it leaves open is as the authors of AdaLoRA had it for the task.</summary>
    public TrainSettings Bind(ParseResult line) =>
        Bind(line, line.GetRequiredValue(_task), line.GetValue(_method) ?? Defaults.Method, line.GetValue(_seed)) with
        {
            Resume = line.GetValue(_resume),
            TensorBoard = line.GetValue(_tensorBoard),
            Output = line.GetValue(_output),
        };

    /// <summary>The settings of one of several runs that a command line asks for.</summary>
    public TrainSettings Bind(ParseResult line, GlueTask task, TrainingMethod method, int seed)
    {
        var settings = new TrainSettings
        {
            Task = task,
            Data = line.GetRequiredValue(_data),
            Model = line.GetRequiredValue(_model),
            Method = method,
            Seed = seed,
            Epochs = line.GetValue(_epochs) ?? task.Paper.Epochs,
            BatchSize = line.GetValue(_batchSize),
            MaxLength = line.GetValue(_maxLength),
            LearningRate = line.GetValue(_learningRate) ?? (method.SharesTaskLearningRate ? task.Paper.LearningRate : null),
            Warmup = new StepCount(line.GetValue(_warmup)),
            WeightDecay = line.GetValue(_weightDecay),
            Clip = line.GetValue(_clip),
            Dropout = line.GetValue(_dropout),
            ShareDropout = line.GetValue(_shareDropout),
            InitialRank = line.GetValue(_initialRank),
            TargetRank = line.GetValue(_targetRank),
            Alpha = line.GetValue(_alpha),
            Gamma = line.GetValue(_gamma) ?? task.Paper.Gamma,
            BasePrecision = line.GetValue(_basePrecision) ?? Defaults.BasePrecision,
            InitialPhase = new StepCount(line.GetValue(_initialPhase) ?? task.Paper.InitialFraction),
            FinalPhase = new StepCount(line.GetValue(_finalPhase) ?? task.Paper.FinalFraction),
            Bottleneck = line.GetValue(_bottleneck),
            VirtualTokens = line.GetValue(_virtualTokens),
            Targets = line.GetValue(_targets) ?? [],
            Layers = line.GetValue(_layers) ?? [],
            MaxSteps = line.GetValue(_maxSteps),
            Limit = line.GetValue(_limit),
            GroupByLength = line.GetValue(_groupByLength),
            EvalEvery = line.GetValue(_evalEvery),
            Device = line.GetRequiredValue(_device),
            Threads = line.GetValue(_threads),
            CheckpointEvery = line.GetValue(_checkpointEvery),
        };
        return settings with { DeltaT = line.GetValue(_deltaT) ?? task.Paper.MaskIntervalFor(ExpectedSteps(settings)) };
    }

    /// <summary>Options that were given and that the method does not read.</summary>
    public IReadOnlyList<string> Ignored(ParseResult line) => Ignored(line, [line.GetValue(_method) ?? Defaults.Method]);

    /// <summary>Options that were given and that none of the methods reads.</summary>
    public IReadOnlyList<string> Ignored(ParseResult line, IReadOnlyList<TrainingMethod> methods)
    {
        var ignored = TrainingMethods.OptionsIgnoredBy(methods);
        return [.. All.Where(option => ignored.Contains(option.Name) && line.GetResult(option) is { Implicit: false }).Select(option => option.Name)];
    }

    private static IEnumerable<string> Arguments(JsonObject record)
    {
        return record.Where(entry => Text(entry.Value).Length > 0).SelectMany(entry => (string[])[TrainOptionNames.OfKey(entry.Key), Text(entry.Value)]);

        static string Text(JsonNode? value) => value is JsonArray list ? string.Join(',', list.Select(item => item!.ToString())) : value?.ToString() ?? "";
    }

    // As many as there are if the data are the official ones.
    private static long ExpectedSteps(TrainSettings settings)
    {
        var rows = Math.Max(1, Math.Min(settings.Limit ?? int.MaxValue, settings.Task.Paper.Rows));
        var steps = (long)Math.Ceiling(rows / (double)Math.Max(1, settings.BatchSize)) * settings.Epochs;
        return Math.Max(1, Math.Min(settings.MaxSteps ?? long.MaxValue, steps));
    }
}
