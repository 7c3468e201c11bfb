using AdaLora.Experiments.Tasks;
using Microsoft.Extensions.Logging;

namespace AdaLora.Experiments.Settings;

/// <summary>How a model is fine-tuned. Whatever is new in it for a task is always trained.</summary>
internal sealed class TrainingMethod
{
    /// <summary>The name on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it trains, in a few words.</summary>
    public required string Summary { get; init; }

    /// <summary>The options it reads of those that not all methods read.</summary>
    public IReadOnlyList<RunOption> Options { get; init; } = [];

    /// <summary>The default learning rate: adapters and heads start from nothing and take large steps, whole models small ones.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Whether the learning rate that the authors of AdaLoRA used for a task suits this method too.</summary>
    public bool SharesTaskLearningRate { get; init; } = true;

    /// <summary>Prepares a model for training.</summary>
    public required Func<BaseModel, RunSettings, ILogger, MethodAttachment> Attach { get; init; }

    /// <summary>Says what <see cref="Attach"/> would make of a model.</summary>
    public required Func<BaseModel, RunSettings, RunPlan> Plan { get; init; }

    /// <summary>Loads what a folder holds into a model, which is then as it was when a run saved it.</summary>
    /// <exception cref="InvalidDataException">The folder holds something else.</exception>
    public required Func<BaseModel, RunSettings, string, MethodAttachment> Load { get; init; }

    /// <summary>The options that some methods read, but none of these.</summary>
    public static IReadOnlyList<RunOption> OptionsIgnoredBy(params IReadOnlyList<TrainingMethod> methods) =>
        [.. RunOptions.All.Where(option => option.IsOfMethods && !methods.Any(method => method.Options.Contains(option)))];

    public override string ToString() => Name;
}
