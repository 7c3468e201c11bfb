using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>A model whose parameters are trained directly.</summary>
internal sealed class PlainTarget : TrainingTarget
{
    private readonly IReadOnlyList<(string Name, Parameter Parameter)> _trained;
    private readonly TiedParameters _tied;
    private readonly GradientNorm _norm;

    public PlainTarget(nn.Module model)
    {
        Model = model;
        _trained = [.. model.named_parameters().Where(p => p.parameter.requires_grad)];
        _tied = new TiedParameters([.. _trained.Select(p => p.Parameter)]);
        if (Parameters.Count == 0)
            throw new ArgumentException("The model has nothing to train: no parameter requires a gradient.", nameof(model));
        _norm = new GradientNorm(Parameters);
    }

    public override nn.Module Model { get; }

    public override IReadOnlyList<Parameter> Parameters => _tied.Distinct;

    public override void Begin(long totalSteps)
    {
    }

    public override bool IsFinal => true;

    public override void BeforeOptimizerStep(double? maxGradientNorm, Tensor? scale, LossScaler scaler, StepExchange exchange)
    {
        BackwardFailure.OfThread.ThrowIfAny();
        _tied.Gather();
        exchange.Sum(Parameters);
        scaler.Unscale(Parameters);
        if (scale is not null)
            GradientScale.Apply(Parameters, scale);
        _norm.Measure(maxGradientNorm, scaler.Float16Factor);
    }

    public override bool ReadGradientsAreFinite() => HostRead.Scalar<bool>(_norm.IsFinite);

    public override bool AfterOptimizerStep() => false;

    public override void Compact(optim.Optimizer optimizer)
    {
    }

    public override void Finish()
    {
    }

    public override StepFigures ReadFigures() => new() { GradientNorm = _norm.Read() };

    public override IWeightSnapshot Capture() => new Snapshot(new ParameterSnapshot(_trained, Model));

    public override IWeightSnapshot ReadSnapshot(StateTable state) => new Snapshot(new ParameterSnapshot(_trained, Model, state));

    public override void Identify(IDictionary<string, string> identity)
    {
        foreach (var (name, parameter) in _trained)
            identity[$"trained {name}"] = RunIdentity.Shape(parameter);
    }

    public override void Save(StateTable state, bool isWithinStep)
    {
        ModelState.Save(state, Model, _trained, isWithinStep);
        state.Put("gradient_norm", _norm.Value);
    }

    public override void Resume(StateTable state)
    {
        ModelState.Resume(state, Model, _trained);
        _norm.Value.copy_(state.Tensor("gradient_norm"));
    }

    public override void Dispose() => _norm.Dispose();

    private sealed class Snapshot(ParameterSnapshot trained) : IWeightSnapshot
    {
        public void Restore()
        {
            var steps = new Transition();
            trained.Restore(steps);
            steps.Run();
        }

        public void Save(StateTable state) => trained.Save(state);

        public void Dispose() => trained.Dispose();
    }
}
