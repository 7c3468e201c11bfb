using AdaLora.Targeting;
using AdaLora.Transformers.Heads;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>What of a classifier gets adapters, and what is trained in full beside them.</summary>
internal static class AdaptedParts
{
    /// <summary>What a classifier has beside its encoder: the modules that start anew for a new task.</summary>
    public static IReadOnlyList<(string name, nn.Module module)> HeadOf(SequenceClassifier model) =>
        [.. model.named_children().Where(c => !ReferenceEquals(c.module, model.Encoder) && c.module.parameters().Any())];

    /// <summary>The linear layers of the encoder's stack, or those of them that the options name.</summary>
    public static TargetModules TargetsOf(TrainSettings settings) => TargetsOf(settings.Targets, settings.Layers);

    /// <param name="names">Ends of names, or whole names with * for a part or ** for several; none for all.</param>
    /// <param name="layers">Numbers of layers; none for all.</param>
    public static TargetModules TargetsOf(IReadOnlyList<string> names, IReadOnlyList<int> layers)
    {
        var stack = TargetModules.Regex(@".*\.layer\.\d+\..*");
        var targets = names.Count == 0 ? TargetModules.AllLinear : names.Select(Named).Aggregate((all, one) => all.Or(one));
        return layers.Count == 0 ? targets.And(stack) : targets.And(stack).InLayers([.. layers]);
    }

    private static TargetModules Named(string name) => name.Contains('*', StringComparison.Ordinal) ? TargetModules.Globs(name) : TargetModules.Suffixes(name);
}
