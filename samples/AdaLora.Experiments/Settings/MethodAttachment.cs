using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Training;
using Microsoft.Extensions.Logging;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Settings;

/// <summary>A method attached to a model, ready for training. Disposing removes it again.</summary>
internal abstract class MethodAttachment : IDisposable
{
    /// <summary>Parameters that training changes, now.</summary>
    public abstract long TrainableParameters { get; }

    /// <summary>Ranks of all adapted matrices, now; none for methods without adapters.</summary>
    public abstract IReadOnlyList<ModuleRank> Ranks { get; }

    /// <summary>Mean importance of the triplets of adapted matrices, by name, now; none where it is not tracked.</summary>
    public virtual IReadOnlyDictionary<string, double?> ReadImportance() => new Dictionary<string, double?>();

    /// <summary>Creates the optimiser, given what is trained and the learning rate; null for the trainer's own.</summary>
    /// <param name="totalSteps">Optimiser steps of the run.</param>
    public virtual Func<IReadOnlyList<Parameter>, double, optim.Optimizer>? OptimizerFor(int totalSteps) => null;

    public abstract Trainer CreateTrainer(TrainerOptions options, ILogger logger);

    /// <summary>Writes what was trained, and nothing else, into a folder.</summary>
    /// <returns>The files.</returns>
    public abstract IReadOnlyList<string> Save(string folder);

    /// <summary>Merges what was trained into the weights of the base model permanently, so that nothing else is left in it.</summary>
    /// <exception cref="UserInputException">What the method adds is not a change of weights.</exception>
    public virtual void Merge() => throw new UserInputException("This method adds its own modules to the model; they cannot be merged into the weights.");

    public abstract void Dispose();
}
