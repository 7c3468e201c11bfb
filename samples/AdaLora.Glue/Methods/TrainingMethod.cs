using AdaLora.Transformers.Heads;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AdaLora.Glue;

/// <summary>How a model is fine-tuned. The classifier on top is trained in every case.</summary>
internal sealed class TrainingMethod
{
    /// <summary>The name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it trains, in a few words.</summary>
    public required string Summary { get; init; }

    /// <summary>The options it reads of those that not all methods read.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>The learning rate to begin with: adapters and heads start from nothing and take large steps, whole models small ones.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether the learning rate that the authors of AdaLoRA used for a task suits this method too.</summary>
    public bool SharesTaskLearningRate { get; init; } = true;

    /// <summary>Makes a classifier ready for training.</summary>
    public required Func<SequenceClassifier, TrainSettings, ILogger, PreparedModel> Prepare { get; init; }

    /// <summary>Puts what a folder holds into a classifier; null when that is a matter of preparing it again and filling the trained tensors.</summary>
    public Func<SequenceClassifier, string, PreparedModel>? Restore { get; init; }

    /// <summary>Makes a classifier what it was when a run saved it.</summary>
    /// <exception cref="InvalidDataException">The folder holds something else.</exception>
    public PreparedModel Load(SequenceClassifier model, TrainSettings settings, string folder)
    {
        if (Restore is not null)
            return Restore(model, folder);
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

    public override string ToString() => Name;
}
