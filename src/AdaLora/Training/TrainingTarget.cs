using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>What the training loop drives: a model with or without adapters. The loop itself knows nothing about allocation.</summary>
internal abstract class TrainingTarget : IDisposable
{
    public abstract nn.Module Model { get; }

    public abstract IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Prevents other threads from disturbing a training until the returned scope is disposed; null if there is nothing to prevent.</summary>
    /// <exception cref="InvalidOperationException">Another thread is training the model.</exception>
    public virtual IDisposable? Hold() => null;

    public abstract void Begin(long totalSteps);

    /// <summary>From now on, the optimiser's state follows what is trained.</summary>
    /// <exception cref="NotSupportedException">It cannot, but must.</exception>
    public virtual void Use(optim.Optimizer optimizer)
    {
    }

    /// <summary>The optimiser's state no longer follows.</summary>
    public virtual void Forget(optim.Optimizer optimizer)
    {
    }

    /// <summary>Everything between the backward pass and the optimiser step, including clipping.</summary>
    /// <param name="maxGradientNorm">Larger joint norms are scaled down to it; null never scales.</param>
    /// <param name="scale">The factor for the losses' gradients before anything else, a scalar on their device; null for 1.</param>
    /// <param name="scaler">What scaled the losses.</param>
    /// <param name="exchange">Sums the gradients of all processes.</param>
    public abstract void BeforeOptimizerStep(double? maxGradientNorm, Tensor? scale, LossScaler scaler, StepExchange exchange);

    /// <summary>Puts the gradients of a step's batches so far where the parameters have theirs.</summary>
    public virtual void SettleGradients()
    {
    }

    /// <summary>Forgets the gradients of a step's batches so far.</summary>
    /// <param name="optimizer">The optimiser of the training.</param>
    public virtual void ForgetGradients(optim.Optimizer optimizer) => optimizer.zero_grad();

    /// <summary>Whether the gradients are finite. Waits for the device once.</summary>
    public abstract bool ReadGradientsAreFinite();

    /// <summary>Everything after the optimiser step, before gradients are set to zero.</summary>
    /// <returns>Whether it decided anew what is trained.</returns>
    public abstract bool AfterOptimizerStep();

    /// <summary>Whether what is trained has its definitive form: with adapters, whether their ranks will no longer change.</summary>
    public abstract bool IsFinal { get; }

    /// <summary>Drops what the optimiser no longer needs to train, if anything.</summary>
    public abstract void Compact(optim.Optimizer optimizer);

    public abstract void Finish();

    /// <summary>Reads the figures of the latest step for a report. Waits for the device.</summary>
    public abstract StepFigures ReadFigures();

    public abstract IWeightSnapshot Capture();

    /// <summary>Reads a snapshot that was saved in a table.</summary>
    public abstract IWeightSnapshot ReadSnapshot(StateTable state);

    /// <summary>The parameters that training does not change, by name.</summary>
    public virtual IEnumerable<(string Name, Tensor Value)> FrozenWeights => Model.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => (p.name, (Tensor)p.parameter));

    /// <summary>Adds, by name, what must be the same when a training resumes from a checkpoint of this one.</summary>
    public abstract void Identify(IDictionary<string, string> identity);

    /// <summary>Writes weights, buffers and the allocator's state to a table, and between two backward passes of a step the gradients so far.</summary>
    public abstract void Save(StateTable state, bool isWithinStep);

    /// <summary>Restores them. The optimiser's state follows later.</summary>
    public abstract void Resume(StateTable state);

    public abstract void Dispose();
}
