using AdaLora.Adapters;
using AdaLora.Transformers.Models;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>What of a classifier gets adapters, and what is trained in full beside them.</summary>
internal static class AdaptedParts
{
    /// <summary>What a classifier has beside its encoder: the modules that start anew for a new task.</summary>
    public static IReadOnlyList<(string name, nn.Module module)> HeadOf(SequenceClassifier model) =>
        [.. model.named_children().Where(c => !ReferenceEquals(c.module, model.Encoder) && c.module.parameters().Any())];

    /// <summary>The linear layers of the encoder's stack, or those of them that the options name.</summary>
    public static TargetModules TargetsOf(TrainSettings settings)
    {
        var stack = TargetModules.Regex(@".*\.layer\.\d+\..*");
        var targets = settings.Targets.Count == 0 ? TargetModules.AllLinear.And(stack) : TargetModules.Suffixes([.. settings.Targets]).And(stack);
        return settings.Layers.Count == 0 ? targets : targets.InLayers([.. settings.Layers]);
    }
}
