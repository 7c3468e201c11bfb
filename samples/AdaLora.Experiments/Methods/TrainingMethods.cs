using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Transformers.Layers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdaLora.Experiments.Methods;

/// <summary>All training methods.</summary>
internal static class TrainingMethods
{
    private const double PrefixLearningRate = 1e-2;
    private const double PromptLearningRate = 5e-3;

    private static readonly RunOption[] LowRankOptions =
        [RunOptions.TargetRank, RunOptions.Alpha, RunOptions.RankStabilized, RunOptions.Dropout, RunOptions.Targets, RunOptions.Layers, RunOptions.LoraPlusRatio];

    private static readonly RunOption[] SvdOptions = [RunOptions.Gamma, RunOptions.ShareDropout, RunOptions.BasePrecision, RunOptions.LambdaRateFactor, RunOptions.Initialization];

    private static readonly RunOption[] PruningOptions = [RunOptions.InitialRank, RunOptions.InitialPhase, RunOptions.FinalPhase, RunOptions.MaskInterval];

    /// <summary>The second projection of the feed-forward block, as the families name it.</summary>
    private static readonly string[] FeedForwardOutputs = ["**.layer.*.output.dense", "ffn.lin2", "mlp.c_proj", "fc2", "DenseReluDense.wo"];

    public static TrainingMethod AdaLora { get; } = new()
    {
        Name = "adalora",
        Summary = "SVD adapters whose triplets are pruned to a budget",
        Options = [.. LowRankOptions, .. PruningOptions, .. SvdOptions, RunOptions.Score, RunOptions.BudgetUnit, RunOptions.MinimumRank, RunOptions.MaximumRank],
        Attach = (model, settings, logger) => new AdaLoraAttachment(model, settings, settings.Get(RunOptions.InitialRank), logger),
        Plan = (model, settings) => MethodPlans.Of(model, AdaLoraAttachment.OptionsFor(model, settings, settings.Get(RunOptions.InitialRank))),
        Load = (model, _, folder) => new AdaLoraAttachment(model, folder),
    };

    public static TrainingMethod Lora { get; } = Kept(
        "lora", "low-rank adapters, all of the same rank", LowRankOptions, (model, settings, _) => new LoraAttachment(model, settings, settings.Get(RunOptions.TargetRank)));

    public static TrainingMethod PruneLora { get; } = Kept(
        "prune-lora", "low-rank adapters, pruned as AdaLoRA prunes", [.. LowRankOptions, .. PruningOptions], (model, settings, _) => new PrunedLoraAttachment(model, settings));

    public static TrainingMethod SvdLora { get; } = new()
    {
        Name = "svd-lora",
        Summary = "SVD adapters, all of the same rank",
        Options = [.. LowRankOptions, .. SvdOptions],
        // If it starts at the target rank, AdaLoRA has nothing to prune.
        Attach = (model, settings, logger) => new AdaLoraAttachment(model, settings, settings.Get(RunOptions.TargetRank), logger),
        Plan = (model, settings) => MethodPlans.Of(model, AdaLoraAttachment.OptionsFor(model, settings, settings.Get(RunOptions.TargetRank))),
        Load = (model, _, folder) => new AdaLoraAttachment(model, folder),
    };

    public static TrainingMethod Houlsby { get; } = Bottleneck(
        "houlsby",
        "bottleneck adapters after the attention and feed-forward blocks (Houlsby et al., 2019)",
        [.. FeedForwardOutputs, "attention.output.dense", "attention.out_lin", "attn.c_proj", "self_attn.out_proj", "encoder_attn.out_proj", "SelfAttention.o", "EncDecAttention.o"]);

    public static TrainingMethod Pfeiffer { get; } = Bottleneck("pfeiffer", "bottleneck adapters after the feed-forward block (Pfeiffer et al., 2021)", FeedForwardOutputs);

    public static TrainingMethod Prefix { get; } = VirtualTokens(
        "prefix",
        "keys and values in front of every layer's own (Li and Liang, 2021)",
        PrefixLearningRate,
        (encoder, length) => encoder.AddPrefixes(length),
        encoder => encoder.RemovePrefixes());

    public static TrainingMethod Prompt { get; } = VirtualTokens(
        "prompt",
        "vectors inserted among the words (Lester et al., 2021)",
        PromptLearningRate,
        (encoder, length) => encoder.AddPrompt(length),
        encoder => encoder.RemovePrompt());

    public static TrainingMethod BitFit { get; } = Kept("bitfit", "the biases (Ben Zaken et al., 2022)", [], (model, _, _) => new SelectionAttachment(model, ModelParts.IsBias), 1.5e-3);

    public static TrainingMethod DiffPruning { get; } = new()
    {
        Name = "diff-pruning",
        Summary = "a change of few entries of all weights (Guo et al., 2021)",
        Options = [RunOptions.DiffShare, RunOptions.DiffPenalty, RunOptions.FinalPhase],
        LearningRate = 2e-4,
        SharesTaskLearningRate = false,
        Attach = (model, settings, _) => new DiffPruningAttachment(model, settings),
        Plan = (model, settings) => MethodPlans.Of(model, settings, (m, s, _) => new DiffPruningAttachment(m, s)),
        Load = (model, _, folder) => new SparseDeltaAttachment(model, folder),
    };

    public static TrainingMethod Full { get; } = Kept("full", "all weights", [], (model, _, _) => new SelectionAttachment(model, _ => true), 5e-5);

    public static TrainingMethod Frozen { get; } = Kept("frozen", "only the layers that are new for the task", [], (model, _, _) => new SelectionAttachment(model, _ => false));

    /// <summary>All of them, in the order of help texts and tables.</summary>
    public static IReadOnlyList<TrainingMethod> All { get; } = [AdaLora, SvdLora, Lora, PruneLora, Houlsby, Pfeiffer, Prefix, Prompt, BitFit, DiffPruning, Full, Frozen];

    private static TrainingMethod VirtualTokens(string name, string summary, double learningRate, Action<TextEncoder, int> add, Action<TextEncoder> remove) => Kept(
        name,
        summary,
        [RunOptions.VirtualTokens],
        (model, settings, _) => new VirtualTokenAttachment(model, encoder => add(encoder, settings.Get(RunOptions.VirtualTokens)), remove),
        learningRate);

    private static TrainingMethod Bottleneck(string name, string summary, IReadOnlyList<string> places) => Kept(
        name,
        summary,
        [RunOptions.Bottleneck, RunOptions.Layers],
        (model, settings, _) => new InjectionAttachment(model, ModelParts.TargetsOf(model, places, settings.Get(RunOptions.Layers)),
            site => new BottleneckLinear(site, settings.Get(RunOptions.Bottleneck))));

    // A method whose runs are loaded by attaching it again and filling the tensors that were trained.
    private static TrainingMethod Kept(string name, string summary, IReadOnlyList<RunOption> options, Func<BaseModel, RunSettings, ILogger, MethodAttachment> attach, double? learningRate = null) =>
        new()
        {
            Name = name,
            Summary = summary,
            Options = options,
            LearningRate = learningRate ?? 1e-3,
            SharesTaskLearningRate = learningRate is null,
            Attach = attach,
            Plan = (model, settings) => MethodPlans.Of(model, settings, attach),
            Load = (model, settings, folder) => Load(attach(model, settings, NullLogger.Instance), model, folder),
        };

    private static MethodAttachment Load(MethodAttachment attachment, BaseModel model, string folder)
    {
        try
        {
            TrainedTensors.Read(model.Module, folder);
            return attachment;
        }
        catch
        {
            attachment.Dispose();
            throw;
        }
    }
}
