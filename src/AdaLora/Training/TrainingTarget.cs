using AdaLora.Safetensors;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>What the training loop drives: a model with or without adapters. The loop itself knows nothing of allocation.</summary>
internal abstract class TrainingTarget : IDisposable
{
    public abstract nn.Module Model { get; }

    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Keeps other threads from what would disturb a training, until the returned scope is disposed; null if nothing needs to be kept from it.</summary>
    /// <exception cref="InvalidOperationException">Another thread trains the model.</exception>
    public virtual IDisposable? Hold() => null;

    public abstract void Begin(long totalSteps);

    /// <summary>From now on the state of an optimiser follows what is trained.</summary>
    /// <exception cref="NotSupportedException">It cannot, and has to.</exception>
    public virtual void Use(optim.Optimizer optimizer)
    {
    }

    /// <summary>The state of the optimiser follows no longer.</summary>
    public virtual void Forget(optim.Optimizer optimizer)
    {
    }

    /// <summary>Whatever comes between the backward pass and the optimiser step, clipping included.</summary>
    /// <param name="maxGradientNorm">Larger joint norms are scaled down to it; null never scales.</param>
    /// <param name="scale">What the gradients of the losses are multiplied by before anything else, a scalar on their device; null for 1.</param>
    public abstract void BeforeOptimizerStep(double? maxGradientNorm, Tensor? scale);

    /// <summary>Whether the gradients are finite. Waits for the device once.</summary>
    public abstract bool ReadGradientsAreFinite();

    /// <summary>Whatever comes after the optimiser step, before gradients are set to zero.</summary>
    public abstract void AfterOptimizerStep();

    /// <summary>Whether what is trained has the form in which it will be used: with adapters, whether their ranks will not change any more.</summary>
    public abstract bool IsFinal { get; }

    /// <summary>Drops what the optimiser need not train any more, if there is such a thing now.</summary>
    public abstract void Compact(optim.Optimizer optimizer);

    public abstract void Finish();

    public abstract TrainingProgress Describe(TrainingProgress progress);

    public abstract IWeightSnapshot Capture();

    /// <summary>A snapshot that was saved in a table.</summary>
    public abstract IWeightSnapshot ReadSnapshot(StateTable state);

    /// <summary>Adds, by name, what has to be the same in a training that goes on from a checkpoint of this one.</summary>
    public abstract void Identify(IDictionary<string, string> identity);

    /// <summary>Puts weights, buffers and the state of the allocator into a table, and between two backward passes of a step the gradients so far.</summary>
    public abstract void Save(StateTable state, bool isWithinStep);

    /// <summary>Goes on from there. The optimiser's state comes later.</summary>
    public abstract void Resume(StateTable state);

    public abstract void Dispose();
}
