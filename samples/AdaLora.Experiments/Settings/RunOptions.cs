using System.Text.Json.Nodes;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Devices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;
using AdaLora.Transformers.Hub;

namespace AdaLora.Experiments.Settings;

/// <summary>All options of a run. Each is declared here and nowhere else: commands, help, checks, the record of a run and comparisons all go through <see cref="All"/>.</summary>
internal static class RunOptions
{
    private static readonly List<RunOption> Declared = [];

    /// <summary>In the order of help texts and of metrics.json.</summary>
    public static IReadOnlyList<RunOption> All => Declared;

    public static RunOption<ITask> Task { get; } = Declare(new RunOption<ITask>("--task", catalog => $"The {catalog.Name} task: {catalog.TaskNames}.", task => task.Name)
    {
        HelpName = "NAME",
        IsRequired = catalog => catalog.TaskOf is null,
        Default = run => run.Catalog?.TaskOf?.Invoke(run)!,
        Parse = (text, catalog) => catalog.FindTask(text),
        IsOfOneRun = true,
    });

    public static RunOption<string> Data { get; } = Declare(new RunOption<string>("--data", catalog => catalog.DataDescription ?? $"The {catalog.Name} folder, or the task's own folder.", path => path)
    {
        HelpName = "DIR",
        IsRequired = catalog => catalog.TaskOf is null,
        Problem = (path, run) => run.Task.FindProblemOfData(path),
    });

    public static RunOption<string> Model { get; } = Declare(new RunOption<string>("--model", "The pre-trained checkpoint: a folder, or a name on the Hugging Face hub.", name => name)
    {
        HelpName = "DIR|NAME",
        IsRequired = catalog => catalog.TaskOf is null,
        Problem = (name, _) => name is null ? "name a checkpoint" : Directory.Exists(name) || HubCheckpoint.IsName(name)
            ? null
            : $"the folder '{name}' does not exist; give a checkpoint folder with config.json, model.safetensors and vocab.txt, or a name on the Hugging Face hub such as microsoft/deberta-v3-base",
    });

    public static RunOption<TrainingMethod> Method { get; } = Declare(new RunOption<TrainingMethod>("--method", RunOptionTexts.DescribeMethods, method => method.Name)
    {
        HelpName = "NAME",
        Parse = (text, catalog) => catalog.FindMethod(text),
        IsOfOneRun = true,
    });

    public static RunOption<int> Seed { get; } = Declare(new NumberOption<int>("--seed", "Seed of all randomness.", 1) { Bound = Bound.AtLeast(0), IsOfOneRun = true });

    public static RunOption<int> Epochs { get; } =
        Declare(new NumberOption<int>("--epochs", "Passes over the training set. [default: the task's]", run => run.Task.Paper.Epochs) { Bound = Bound.AtLeast(1) });

    public static RunOption<int> BatchSize { get; } = Declare(new NumberOption<int>("--batch-size", "Examples per step.", 32) { Bound = Bound.AtLeast(1) });

    public static RunOption<int> Accumulate { get; } = Declare(new NumberOption<int>(
        "--accumulate", "Batches per optimiser step, whose gradients are averaged; processes started by mpirun share them, so at least as many as those.", 1)
    { Bound = Bound.AtLeast(1) });

    public static RunOption<int> MaxLength { get; } = Declare(new NumberOption<int>("--max-length", "Tokens per example; longer ones are truncated.", 128) { Bound = Bound.AtLeast(4) });

    public static RunOption<double> LearningRate { get; } = Declare(new NumberOption<double>(
        "--lr", RunOptionTexts.DescribeLearningRates, run => run.Method.SharesTaskLearningRate ? run.Task.Paper.LearningRate : run.Method.LearningRate)
    { Bound = Bound.Above(0) });

    public static RunOption<double> LambdaRateFactor { get; } = Declare(new NumberOption<double>(
        "--lambda-lr-factor", $"Learning rate of lambda, as a multiple of {LearningRate}: published AdaLoRA has 1, and learns slowly at first.", 1)
    { Bound = Bound.Above(0), IsOfMethods = true });

    public static RunOption<double> LoraPlusRatio { get; } = Declare(new NumberOption<double>(
        "--loraplus-ratio", $"Learning rate of B (lora, prune-lora) or P (adalora, svd-lora), as a multiple of {LearningRate}, which is that of A or Q, as in LoRA+ (Hayou et al., 2024).", 1)
    { Bound = Bound.Above(0), IsOfMethods = true });

    public static RunOption<StepCount> Warmup { get; } = Declare(new StepCountOption("--warmup", "Warm-up steps: a fraction of the run if below 1, otherwise a number of steps.", 0.06));

    public static RunOption<double> WeightDecay { get; } = Declare(new NumberOption<double>("--weight-decay", "Weight decay of AdamW.", 0.01) { Bound = Bound.AtLeast(0.0) });

    public static RunOption<double> Clip { get; } = Declare(new NumberOption<double>("--clip", "Largest gradient norm; 0 for no limit.", 1) { Bound = Bound.AtLeast(0.0) });

    public static RunOption<double> Dropout { get; } = Declare(new NumberOption<double>("--dropout", "Dropout in front of the adapters.", 0.1) { Bound = Bound.BelowOne, IsOfMethods = true });

    public static RunOption<bool> ShareDropout { get; } = Declare(new RunOption<bool>(
        "--share-dropout", "Drop the same entries for adapters that read the same input, such as query, key and value: less work, but the results differ.", value => value)
    { IsOfMethods = true });

    public static RunOption<int> InitialRank { get; } =
        Declare(new NumberOption<int>("--initial-rank", "Rank of every adapter at the start (adalora, prune-lora).", 12) { Bound = Bound.AtLeast(1), IsOfMethods = true });

    public static RunOption<int> TargetRank { get; } = Declare(new NumberOption<int>("--target-rank", "Rank of every adapter (lora, svd-lora), or their mean rank at the end (adalora, prune-lora).", 8)
    {
        Bound = Bound.AtLeast(1),
        Rule = (rank, run) => run.Method.Options.Contains(InitialRank) && rank > run.Get(InitialRank) ? $"must be at most the initial rank {run.Get(InitialRank)}, but is {rank}" : null,
        IsOfMethods = true,
    });

    public static RunOption<string> BudgetUnit { get; } = Declare(new RunOption<string>(
        "--budget-unit", $"What the budget counts: {BudgetUnits.Names}. As parameters, it is what {TargetRank} triplets of each matrix have together.", name => name)
    {
        HelpName = "NAME",
        Default = _ => BudgetUnits.Default,
        ShowsDefault = true,
        Parse = (text, _) => BudgetUnits.Find(text),
        IsOfMethods = true,
    });

    public static RunOption<int> MinimumRank { get; } = Declare(new NumberOption<int>("--min-rank", "Rank that no adapter falls below.", 0)
    {
        Bound = Bound.AtLeast(0),
        Rule = (rank, run) => rank > run.Get(TargetRank) ? $"must be at most the target rank {run.Get(TargetRank)}, but is {rank}" : null,
        IsOfMethods = true,
    });

    public static RunOption<int?> MaximumRank { get; } = Declare(new OptionalNumberOption("--max-rank", "Rank that no adapter keeps more of once pruning begins. [default: the initial rank]")
    {
        Rule = (rank, run) => rank < run.Get(TargetRank) ? $"must be at least the target rank {run.Get(TargetRank)}, but is {rank}" : null,
        IsOfMethods = true,
    });

    public static RunOption<double> Alpha { get; } =
        Declare(new NumberOption<double>("--alpha", "Scale of the adapters, divided by their rank at the start.", 32) { Bound = Bound.Above(0), IsOfMethods = true });

    public static RunOption<bool> RankStabilized { get; } = Declare(new RunOption<bool>(
        "--rank-stabilized", $"Divide {Alpha} by the root of the rank at the start instead, so that high ranks learn as fast as low ones (rsLoRA; Kalajdzievski, 2023).", value => value)
    { IsOfMethods = true });

    public static RunOption<double> Gamma { get; } =
        Declare(new NumberOption<double>("--gamma", "Weight of the orthogonality penalty. [default: the task's]", run => run.Task.Paper.Gamma) { Bound = Bound.AtLeast(0.0), IsOfMethods = true });

    public static RunOption<string> Initialization { get; } = Declare(new RunOption<string>(
        "--init",
        $"What triplets start from: {Initializations.Names}. None changes what the model computes; data deals out the initial ranks by what the first batches explain.", name => name)
    {
        HelpName = "NAME",
        Default = _ => Initializations.Default,
        ShowsDefault = true,
        Parse = (text, _) => Initializations.Find(text),
        IsOfMethods = true,
    });

    public static RunOption<string> Score { get; } = Declare(new RunOption<string>(
        "--score", $"By what AdaLoRA prunes: {Scores.Names}. iu is the published one: sensitivity times uncertainty.", name => name)
    {
        HelpName = "NAME",
        Default = _ => Scores.Default,
        ShowsDefault = true,
        Parse = (text, _) => Scores.Find(text),
        IsOfMethods = true,
    });

    public static RunOption<ModelPrecision> Precision { get; } = Declare(new RunOption<ModelPrecision>(
        "--precision",
        $"Precision of the whole model and of the activations between its layers: {string.Join(", ", ModelPrecision.All)} (short: fp32, bf16, fp16); tf32 is for CUDA, and both halves are slow on most CPUs. Adapters, losses and the optimiser are always in float32.",
        precision => precision.Name)
    {
        HelpName = "NAME",
        Default = _ => ModelPrecision.Float32,
        ShowsDefault = true,
        Parse = (text, _) => ModelPrecision.IsName(text)
            ? ModelPrecision.Find(text)
            : throw new UserInputException($"unknown precision '{text}'; use one of {string.Join(", ", ModelPrecision.All)}, or the short forms fp32, bf16 and fp16."),
    });

    public static RunOption<BasePrecision> BasePrecision { get; } = Declare(new RunOption<BasePrecision>(
        "--base-precision",
        $"Precision of the frozen weights of adapted layers, and of nothing else: {BasePrecisions.Names} (bf16 where the processor has instructions for it); as-loaded keeps that of {Precision}. [default: {BasePrecisions.NameOf(BasePrecisions.Default)}]",
        precision => BasePrecisions.NameOf(precision))
    {
        HelpName = "NAME",
        Default = _ => BasePrecisions.Default,
        Parse = (text, _) => BasePrecisions.Find(text),
        IsOfMethods = true,
    });

    public static RunOption<StepCount> InitialPhase { get; } = Declare(new StepCountOption(
        "--tinit", "Steps before pruning: a fraction of the run if below 1, otherwise a number of steps. [default: the task's fraction]", run => run.Task.Paper.InitialFraction)
    { IsOfMethods = true });

    public static RunOption<StepCount> FinalPhase { get; } = Declare(new StepCountOption(
        "--tfinal", "Steps after pruning: a fraction of the run if below 1, otherwise a number of steps. [default: the task's fraction]", run => run.Task.Paper.FinalFraction)
    {
        Rule = (final, run) => run.Get(InitialPhase) is { IsFraction: true } initial && final.IsFraction && initial.Value + final.Value >= 1
            ? $"{initial} of the run before pruning ({InitialPhase}) and {final} after it leave no steps for pruning"
            : null,
        IsOfMethods = true,
    });

    public static RunOption<int> MaskInterval { get; } = Declare(new NumberOption<int>(
        "--delta-t", "Steps between two prunings. [default: the task's, fewer in shorter runs]", run => run.Task.Paper.MaskIntervalFor(RunOptionDefaults.ExpectedSteps(run)))
    { Bound = Bound.AtLeast(1), IsOfMethods = true, DefaultDependsOnData = true });

    public static RunOption<int> Bottleneck { get; } =
        Declare(new NumberOption<int>("--bottleneck", "Inner width of bottleneck adapters (houlsby, pfeiffer).", 32) { Bound = Bound.AtLeast(1), IsOfMethods = true });

    public static RunOption<double> DiffShare { get; } = Declare(new NumberOption<double>(
        "--diff-share", "Share of all entries of the weights that are changed at the end (diff-pruning); the first phase, until --tfinal, may change all.", 0.005)
    { Bound = new Bound<double>("above 0 and at most 1", value => value is > 0 and <= 1), IsOfMethods = true });

    public static RunOption<double> DiffPenalty { get; } = Declare(new NumberOption<double>(
        "--diff-penalty", "What every entry that is probably changed adds to the loss (diff-pruning).", 1.25e-7)
    { Bound = Bound.AtLeast(0.0), IsOfMethods = true });

    public static RunOption<int> VirtualTokens { get; } = Declare(new NumberOption<int>(
        "--virtual-tokens", "Trained vectors inserted between the words (prompt), or in front of the keys and values of every layer (prefix).", 20)
    { Bound = Bound.AtLeast(1), IsOfMethods = true });

    public static RunOption<IReadOnlyList<string>> Targets { get; } = Declare(new RunOption<IReadOnlyList<string>>(
        "--targets",
        "Matrices to adapt, by the ends of their names, such as query,value, or by full names, in which * stands for one part and ** for several. [default: all linear layers]",
        names => new JsonArray([.. names.Select(name => (JsonNode)name)]))
    {
        HelpName = "NAMES",
        Default = _ => [],
        Parse = (text, _) => ListArguments.Names(text),
        IsOfMethods = true,
    });

    public static RunOption<IReadOnlyList<int>> Layers { get; } = Declare(new RunOption<IReadOnlyList<int>>(
        "--layers", "Layers to adapt, such as 0-2,5. [default: all]", layers => new JsonArray([.. layers.Select(layer => (JsonNode)layer)]))
    {
        HelpName = "NUMBERS",
        Default = _ => [],
        Parse = (text, _) => ListArguments.Numbers(text),
        IsOfMethods = true,
    });

    public static RunOption<int?> MaxSteps { get; } = Declare(new OptionalNumberOption("--max-steps", "Maximum number of optimiser steps."));

    public static RunOption<int?> Limit { get; } = Declare(new OptionalNumberOption("--limit", "Use only the first examples of each split."));

    public static RunOption<double> HeldOut { get; } = Declare(new NumberOption<double>(
        "--held-out", "The part of the training set that is not trained on but evaluated on, in place of the dev set; 0 for none. Which examples does not depend on the seed.", 0)
    { Bound = Bound.BelowOne });

    public static RunOption<bool> GroupByLength { get; } = Declare(new RunOption<bool>(
        "--group-by-length", "Put texts of about equal length into a batch: less padding, so faster, but the results differ.", value => value));

    public static RunOption<bool> DealByLength { get; } = Declare(new RunOption<bool>(
        "--deal-by-length", "Deal the texts of an optimiser step out so that its batches have about the same number of tokens: processes that share a step behind mpirun have equal work. The results differ.", value => value));

    public static RunOption<int?> EvalEvery { get; } = Declare(new OptionalNumberOption("--eval-every", "Steps between two evaluations. [default: one epoch]"));

    public static RunOption<int> CheckpointEvery { get; } = Declare(new NumberOption<int>(
        "--checkpoint-every", "Steps between two checkpoints, from which an interrupted run can be continued; 0 for none. They are deleted when the run ends.", 500)
    { Bound = Bound.AtLeast(0), ChangesResults = false });

    public static RunOption<bool> Resume { get; } = Declare(new RunOption<bool>(
        "--resume", "Continue from the newest checkpoint in the output folder; the result is the same, bit for bit, as without the interruption. A finished run is shown, not repeated.",
            value => value)
    {
        IsOfOneRun = true,
        ChangesResults = false,
        IsRecorded = false,
    });

    public static RunOption<bool> DryRun { get; } = Declare(new RunOption<bool>(
        "--dry-run", "Print what would be trained and what would not, why, and how many parameters that is; then end, without training or writing anything.", value => value)
    {
        IsOfOneRun = true,
        ChangesResults = false,
        IsRecorded = false,
    });

    public static RunOption<string> Device { get; } = Declare(new RunOption<string>(
        "--device", $"Where to compute: {TorchDevices.Automatic} (CUDA where it works, else the CPU), cpu, cuda, or cuda:N for card number N.", name => name)
    {
        HelpName = "NAME",
        Default = _ => TorchDevices.Automatic,
        ShowsDefault = true,
        Parse = (text, _) => TorchDevices.IsName(text)
            ? text.ToLowerInvariant()
            : throw new UserInputException($"unknown device '{text}'; use {TorchDevices.Automatic}, cpu, cuda or cuda:N, where N is the number of a card, counted from 0."),
        ChangesResults = false,
    });

    public static RunOption<int?> Threads { get; } = Declare(new OptionalNumberOption("--threads", "Processor threads. [default: one per core]") { ChangesResults = false });

    public static RunOption<string> Output { get; } = Declare(new RunOption<string>("--output", "Folder for the run's files. [default: runs/<task>-<method>-<seed>]", folder => folder)
    {
        HelpName = "DIR",
        Default = run => Path.Combine("runs", $"{run.Task.Name}-{run.Method.Name}-{run.Get(Seed)}"),
        Problem = RunOptionTexts.FindProblemOfOutput,
        IsOfOneRun = true,
        ChangesResults = false,
    });

    public static RunOption<string?> TensorBoard { get; } = Declare(new RunOption<string?>("--tensorboard", "Also write the figures of each step to a folder, for TensorBoard.", folder => folder)
    {
        HelpName = "DIR",
        Problem = (folder, _) => File.Exists(folder) ? $"'{folder}' is a file; give a folder" : null,
        IsOfOneRun = true,
        ChangesResults = false,
    });

    private static T Declare<T>(T option)
        where T : RunOption
    {
        Declared.Add(option);
        return option;
    }
}
