using AdaLora.Adapters;
using AdaLora.Transformers.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>Makes a classifier ready for training by the method that was asked for. The head is always trained in full.</summary>
internal static class ModelPreparation
{
    public static PreparedModel Prepare(SequenceClassifier model, TrainSettings settings, ILogger logger) => settings.Method switch
    {
        TrainingMethod.AdaLora or TrainingMethod.SvdLora => new AdaLoraPrepared(model, settings, logger),
        TrainingMethod.Lora => new LoraPrepared(model, settings),
        TrainingMethod.Full => new SubsetPrepared(model, model.parameters()),
        TrainingMethod.Frozen => new SubsetPrepared(model, HeadOf(model).SelectMany(h => h.module.parameters())),
        _ => throw new ArgumentOutOfRangeException(nameof(settings), settings.Method, "Unknown method."),
    };

    /// <summary>Makes a classifier what it was when a run saved it.</summary>
    /// <exception cref="InvalidDataException">The folder holds something else.</exception>
    public static PreparedModel Load(SequenceClassifier model, TrainSettings settings, string folder)
    {
        if (settings.Method is TrainingMethod.AdaLora or TrainingMethod.SvdLora)
            return new AdaLoraPrepared(model, folder);
        var prepared = Prepare(model, settings, NullLogger.Instance);
        try
        {
            TrainedTensors.Read(model, folder);
            return prepared;
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

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
