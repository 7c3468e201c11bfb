using AdaLora.Transformers.Layers;

namespace AdaLora.Glue;

/// <summary>The methods there are.</summary>
internal static class TrainingMethods
{
    private static readonly string[] LowRankOptions =
        [TrainOptionNames.TargetRank, TrainOptionNames.Alpha, TrainOptionNames.Dropout, TrainOptionNames.Targets, TrainOptionNames.Layers];

    /// <summary>The second projection of the feed-forward block, as the families name it.</summary>
    private static readonly string[] FeedForwardOutputs = ["**.layer.*.output.dense", "ffn.lin2"];

    private const double PrefixLearningRate = 1e-2;
    private const double PromptLearningRate = 5e-3;

    private static readonly string[] PruningOptions =
        [TrainOptionNames.InitialRank, TrainOptionNames.InitialPhase, TrainOptionNames.FinalPhase, TrainOptionNames.DeltaT];

    public static TrainingMethod AdaLora { get; } = new()
    {
        Name = "adalora",
        Summary = "SVD adapters whose triplets are pruned to a budget",
        Options = [.. LowRankOptions, .. PruningOptions, TrainOptionNames.Gamma, TrainOptionNames.ShareDropout, TrainOptionNames.BasePrecision],
        Prepare = (model, settings, logger) => new AdaLoraPrepared(model, settings, settings.InitialRank, logger),
        Restore = (model, folder) => new AdaLoraPrepared(model, folder),
    };

    public static TrainingMethod Lora { get; } = new()
    {
        Name = "lora",
        Summary = "low-rank adapters, all of one rank",
        Options = LowRankOptions,
        Prepare = (model, settings, _) => new LoraPrepared(model, settings, settings.TargetRank),
    };

    public static TrainingMethod PruneLora { get; } = new()
    {
        Name = "prune-lora",
        Summary = "low-rank adapters, pruned as AdaLoRA prunes",
        Options = [.. LowRankOptions, .. PruningOptions],
        Prepare = (model, settings, _) => new PrunedLoraPrepared(model, settings),
    };

    public static TrainingMethod SvdLora { get; } = new()
    {
        Name = "svd-lora",
        Summary = "SVD adapters, all of one rank",
        Options = [.. LowRankOptions, TrainOptionNames.Gamma, TrainOptionNames.ShareDropout, TrainOptionNames.BasePrecision],
        // Started at the target rank, AdaLoRA has nothing to prune.
        Prepare = (model, settings, logger) => new AdaLoraPrepared(model, settings, settings.TargetRank, logger),
        Restore = (model, folder) => new AdaLoraPrepared(model, folder),
    };

    public static TrainingMethod Houlsby { get; } = Bottleneck(
        "houlsby", "bottleneck adapters behind attention and feed-forward block (Houlsby et al., 2019)", [.. FeedForwardOutputs, "attention.output.dense", "attention.out_lin"]);

    public static TrainingMethod Pfeiffer { get; } = Bottleneck("pfeiffer", "bottleneck adapters behind the feed-forward block (Pfeiffer et al., 2021)", FeedForwardOutputs);

    public static TrainingMethod Prefix { get; } = Front(
        "prefix",
        "keys and values in front of those of every layer (Li and Liang, 2021)",
        PrefixLearningRate,
        (encoder, length) => encoder.AddPrefixes(length),
        encoder => encoder.RemovePrefixes());

    public static TrainingMethod Prompt { get; } = Front(
        "prompt",
        "vectors among the words (Lester et al., 2021)",
        PromptLearningRate,
        (encoder, length) => encoder.AddPrompt(length),
        encoder => encoder.RemovePrompt());

    public static TrainingMethod BitFit { get; } = new()
    {
        Name = "bitfit",
        Summary = "the biases (Ben Zaken et al., 2022)",
        LearningRate = 1.5e-3,
        SharesTaskLearningRate = false,
        Prepare = (model, _, _) => new SubsetPrepared(model, EncoderParts.Biases),
    };

    public static TrainingMethod Full { get; } = new()
    {
        Name = "full",
        Summary = "all weights",
        LearningRate = 5e-5,
        SharesTaskLearningRate = false,
        Prepare = (model, _, _) => new SubsetPrepared(model, EncoderParts.Everything),
    };

    public static TrainingMethod Frozen { get; } = new()
    {
        Name = "frozen",
        Summary = "nothing but the classifier",
        Prepare = (model, _, _) => new SubsetPrepared(model, EncoderParts.None),
    };

    /// <summary>All of them, in the order of help texts and tables.</summary>
    public static IReadOnlyList<TrainingMethod> All { get; } = [AdaLora, SvdLora, Lora, PruneLora, Houlsby, Pfeiffer, Prefix, Prompt, BitFit, Full, Frozen];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(method => method.Name)];

    /// <summary>The options that some methods read, but none of these.</summary>
    public static IReadOnlyList<string> OptionsIgnoredBy(IReadOnlyList<TrainingMethod> methods) =>
        [.. All.SelectMany(method => method.Options).Except(methods.SelectMany(method => method.Options))];

    /// <exception cref="UserInputException">There is no such method.</exception>
    public static TrainingMethod Find(string name) =>
        All.FirstOrDefault(method => string.Equals(method.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new UserInputException($"There is no method '{name}'. Use one of: {string.Join(", ", Names)}.");

    private static TrainingMethod Front(string name, string summary, double learningRate, Action<TextEncoder, int> add, Action<TextEncoder> remove) => new()
    {
        Name = name,
        Summary = summary,
        Options = [TrainOptionNames.VirtualTokens],
        LearningRate = learningRate,
        SharesTaskLearningRate = false,
        Prepare = (model, settings, _) => new FrontPrepared(model, encoder => add(encoder, settings.VirtualTokens), remove),
    };

    private static TrainingMethod Bottleneck(string name, string summary, IReadOnlyList<string> places) => new()
    {
        Name = name,
        Summary = summary,
        Options = [TrainOptionNames.Bottleneck, TrainOptionNames.Layers],
        Prepare = (model, settings, _) => new InjectedPrepared(model, AdaptedParts.TargetsOf(places, settings.Layers), site => new BottleneckLinear(site, settings.Bottleneck)),
    };
}
