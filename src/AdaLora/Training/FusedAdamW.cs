using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Training.Optimizers;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, ICLR 2019) as used by the trainer. It computes the same as TorchSharp's AdamW up to rounding, and can replace it anywhere: parameter groups, schedulers,
/// saving. The differences: for single precision in host memory, a step is one multithreaded pass; half-precision parameters are trained through single-precision copies; and libtorch is
/// given no number that a garbage collection could free while it is in use, so that other threads may create garbage. A parameter without a gradient is left alone. Not thread-safe.
/// </summary>
public class FusedAdamW : AdamW, IOptimizerState, IRateRuns
{
    private readonly Dictionary<Parameter, AdamSlot> _slots = new(ReferenceEqualityComparer.Instance);

    /// <summary>What gradients in float16 stand for, as a multiple of themselves: see <see cref="LossScaler"/>.</summary>
    internal double Float16Factor { get; set; } = 1;

    /// <summary>Creates an optimiser with one group.</summary>
    /// <param name="parameters">What to train: Float32, Float64, Float16 or BFloat16, on any device. The sequence is enumerated once.</param>
    /// <param name="learningRate">The learning rate, not negative.</param>
    /// <param name="beta1">Smoothing of the gradient, in [0, 1).</param>
    /// <param name="beta2">Smoothing of the squared gradient, in [0, 1).</param>
    /// <param name="epsilon">Added to the square root of the smoothed squared gradient, not negative.</param>
    /// <param name="weightDecay">Decoupled weight decay, not negative.</param>
    /// <exception cref="ArgumentNullException"><paramref name="parameters"/> or one of them is null.</exception>
    /// <exception cref="ArgumentException">A number is out of range, or a parameter is listed twice or has an unsupported element type.</exception>
    public FusedAdamW(IEnumerable<Parameter> parameters, double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01)
        : this([new ParamGroup { Parameters = parameters ?? throw new ArgumentNullException(nameof(parameters)) }], learningRate, beta1, beta2, epsilon, weightDecay)
    {
    }

    /// <summary>Creates an optimiser with several groups.</summary>
    /// <param name="groups">The groups. Options that a group leaves null are those of the optimiser.</param>
    /// <param name="learningRate">The learning rate, not negative.</param>
    /// <param name="beta1">Smoothing of the gradient, in [0, 1).</param>
    /// <param name="beta2">Smoothing of the squared gradient, in [0, 1).</param>
    /// <param name="epsilon">Added to the square root of the smoothed squared gradient, not negative.</param>
    /// <param name="weightDecay">Decoupled weight decay, not negative.</param>
    /// <exception cref="ArgumentNullException"><paramref name="groups"/>, one of them or one of their parameters is null.</exception>
    /// <exception cref="ArgumentException">A number is out of range, a parameter is listed twice or has an unsupported element type, or a group asks for amsgrad or maximize.</exception>
    public FusedAdamW(IEnumerable<ParamGroup> groups, double learningRate = 1e-3, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0.01)
        : base(groups ?? throw new ArgumentNullException(nameof(groups)), learningRate, beta1, beta2, epsilon, weightDecay)
    {
    }

    /// <summary>Adds a group.</summary>
    /// <param name="param_group">A group for AdamW. Options it leaves null are those of the optimiser; its parameters are enumerated once.</param>
    /// <exception cref="ArgumentNullException">The group, its parameters or one of them is null.</exception>
    /// <exception cref="ArgumentException">The group belongs to another kind of optimiser, or the constructor would refuse it.</exception>
    public override void add_param_group(TorchSharp.Modules.ParamGroup param_group)
    {
        ArgumentNullException.ThrowIfNull(param_group);
        if (param_group is not ParamGroup { Options: null or Options } group)
            throw new ArgumentException($"{param_group.GetType()} is not a parameter group of AdamW.", nameof(param_group));
        Parameter[] parameters = [.. group.Parameters ?? throw new ArgumentNullException(nameof(param_group), "The group has no parameters.")];
        var problems = new Problems();
        GroupCheck.Options(group.Options, (Options)_defaults, problems);
        GroupCheck.Parameters(parameters, _slots.Keys, problems);
        problems.ThrowIfAny("The parameter group is not valid");
        group.Parameters = parameters;
        base.add_param_group(group);
        foreach (var parameter in parameters)
            _slots.Add(parameter, new AdamSlot(parameter, (State)_state[parameter.Handle]));
    }

    /// <summary>Performs one step with the current gradients.</summary>
    /// <param name="closure">Recomputes the loss before the step; null if the gradients are already there.</param>
    /// <returns>What <paramref name="closure"/> returned; null without it.</returns>
    /// <exception cref="InvalidOperationException">A parameter was freed or replaced, as by moving the model; its size has changed since the optimiser was created; or its gradient is
    /// sparse.</exception>
    public override Tensor step(Func<Tensor>? closure = null) => _step<ParamGroup>(Step, closure);

    private void Step(ParamGroup group)
    {
        var threads = get_num_threads();
        foreach (var parameter in group.Parameters)
        {
            if (parameter.IsInvalid)
                throw new InvalidOperationException("A parameter no longer exists: the model was moved or changed after the optimiser was created. Move the model first.");
            using var scope = NewDisposeScope();
            var gradient = parameter.grad;
            if (gradient is null || gradient.numel() == 0)
                continue;
            if (gradient.is_sparse)
                throw new InvalidOperationException("AdamW does not support sparse gradients. Create the embedding without 'sparse', or use SparseAdam.");
            var slot = _slots[parameter];
            if (slot.State.exp_avg.numel() != parameter.numel())
                throw new InvalidOperationException($"A parameter had {slot.State.exp_avg.numel()} entries and now has {parameter.numel()}. Pass this optimiser to AdaLoraModel.UseOptimizer before triplets are dropped, added or restored, or create a new one.");
            if (!slot.HasRatesForAll)
                throw new InvalidOperationException("The number of triplets has changed, and their learning rates have not followed. Pass this optimiser to AdaLoraModel.UseOptimizer.");
            slot.Step(gradient, gradient.dtype == ScalarType.Float16 ? Float16Factor : 1, (Options)group.Options, threads);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> CaptureState()
    {
        var state = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (slot, index) in Slots())
        {
            state.Add($"{index}.step", tensor(slot.State.step, device: CPU));
            state.Add($"{index}.exp_avg", slot.State.exp_avg);
            state.Add($"{index}.exp_avg_sq", slot.State.exp_avg_sq);
            if (slot.Master is { } master)
                state.Add($"{index}.master", master);
        }

        return state;
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">The state belongs to other parameters; everything that is wrong is listed, and nothing was changed.</exception>
    public void ResumeState(IReadOnlyDictionary<string, Tensor> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        using var scope = NewDisposeScope();
        var resumed = new AdamStateReader(state);
        foreach (var (slot, index) in Slots())
            resumed.Expect($"{index}", slot);
        resumed.Take();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The optimiser does not train this parameter, or the number of former indices differs from the number of its entries. Nothing was changed.</exception>
    public void Resize(Parameter parameter, Tensor origins)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(origins);
        if (!_slots.TryGetValue(parameter, out var slot))
            throw new ArgumentException("The optimiser does not train this parameter.", nameof(parameter));
        if (origins.Dimensions != 1 || origins.dtype != ScalarType.Int64 || parameter.Dimensions != 1 || origins.NumberOfElements != parameter.NumberOfElements)
            throw new ArgumentException($"{origins.dtype} ({string.Join(", ", origins.shape)}) is given; one Int64 for each entry of a parameter with one dimension, ({string.Join(", ", parameter.shape)}), is needed.", nameof(origins));
        slot.Resize(origins);
    }

    void IRateRuns.UseRates(Parameter parameter, IReadOnlyList<RateRun> runs) => _slots[parameter].UseRates(runs);

    /// <summary>Name and numbers that must be the same when a training resumes from a checkpoint. Learning rate and weight decay come from the trainer's options.</summary>
    internal string Identity() => string.Join("; ", _parameter_groups.Select(g => (Options)g.Options).Select(o =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{GetType().Name} with betas {o.beta1} and {o.beta2} and epsilon {o.eps}")).Distinct());

    private IEnumerable<(AdamSlot Slot, int Index)> Slots() => parameters().Select((parameter, index) => (_slots[parameter], index));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The finaliser leaves everything to those of the tensors: it also runs if a constructor threw before there was any state, and an exception here would end the process.
        if (!disposing)
            return;
        base.Dispose(disposing);
        foreach (var slot in _slots.Values)
            slot.Dispose();
    }
}
