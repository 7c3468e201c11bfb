using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// Scales losses and takes the scale out of their gradients again; see <see cref="LossScale"/>. <see cref="Trainer"/> does this by itself. In a custom loop over an
/// <see cref="AdaLoraModel"/>, a step is
/// <code>
/// scaler.Apply(loss).backward();
/// var isFinite = adapted.BeforeOptimizerStep(1.0, scaler).ReadIsFinite();
/// if (isFinite) optimizer.step();
/// adapted.AfterOptimizerStep();
/// scaler.Update(isFinite);
/// </code>
/// and without adapters, <see cref="Unscale"/> precedes everything that uses the gradients. Not thread-safe.
/// </summary>
public sealed class LossScaler : IResumable
{
    private readonly LossScale _settings;
    private readonly FusedAdamW? _widening;
    private int _goodSteps;

    /// <summary>Begins with the initial scale.</summary>
    /// <param name="scale">How the scale behaves. <see cref="LossScale.Automatic"/> depends on a model, and means none here.</param>
    /// <param name="optimizer">
    /// The optimiser that will use the gradients. <see cref="FusedAdamW"/> converts those in float16 to single precision before it divides them by the scale, so that none of them becomes 0;
    /// for any other, <see cref="Unscale"/> divides them in float16.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public LossScaler(LossScale scale, optim.Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(optimizer);
        (_settings, _widening, Scale) = (scale, optimizer as FusedAdamW, scale.Initial);
    }

    /// <summary>What losses are multiplied by now; 1 if they are not scaled.</summary>
    public double Scale { get; private set; }

    internal bool IsActive => _settings.IsDynamic;

    internal LossScale Settings => _settings;

    /// <summary>What gradients in float16 still have to be multiplied by after <see cref="Unscale"/>.</summary>
    internal double Float16Factor => _widening is null ? 1 : 1 / Scale;

    /// <summary>The loss times the scale, in single precision at least.</summary>
    /// <param name="loss">A loss, or a sum of losses.</param>
    /// <returns>What to call <c>backward</c> of; the loss itself if losses are not scaled.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="loss"/> is null.</exception>
    public Tensor Apply(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (!IsActive)
            return loss;
        var wide = loss.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? loss.to(ScalarType.Float32) : loss;
        return wide.Mul(Scale);
    }

    /// <summary>
    /// Takes the scale out of gradients, once per optimiser step, before they are clipped or used. <see cref="AdaLoraModel.BeforeOptimizerStep"/> does this for the parameters of its model.
    /// </summary>
    /// <param name="parameters">The trained parameters. Those without a gradient are left alone.</param>
    /// <exception cref="ArgumentNullException"><paramref name="parameters"/> or one of them is null.</exception>
    public void Unscale(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (_widening is not null)
            _widening.Float16Factor = Float16Factor;
        if (!IsActive || Scale == 1)
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var parameter in parameters)
        {
            ArgumentNullException.ThrowIfNull(parameter, nameof(parameters));
            if (parameter.grad is not { } gradient || (_widening is not null && gradient.dtype == ScalarType.Float16))
                continue;
            if (HostMemory.Holds(gradient))
                NormKernel.Scale(HostMemory.Of(gradient), (float)(1 / Scale), get_num_threads());
            else
                gradient.MulInPlace(1 / Scale);
        }
    }

    /// <summary>Adapts the scale, once per optimiser step.</summary>
    /// <param name="isFinite">Whether all gradients of the step were finite.</param>
    public void Update(bool isFinite)
    {
        if (!IsActive)
            return;
        _goodSteps = isFinite ? _goodSteps + 1 : 0;
        if (!isFinite)
            Scale = Math.Max(Scale / 2, 1);
        if (_goodSteps < _settings.GrowthInterval)
            return;
        Scale = Math.Min(Scale * 2, LossScale.Largest);
        _goodSteps = 0;
    }

    void IResumable.Save(StateTable state)
    {
        if (!IsActive)
            return;
        state.Put("scale", Scale);
        state.Put("good_steps", (long)_goodSteps);
    }

    void IResumable.Resume(StateTable state)
    {
        if (!state.Contains("scale"))
            return;
        Scale = state.Number("scale");
        _goodSteps = (int)state.Integer("good_steps");
    }
}
