using AdaLora.Parameters;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>A model whose parameters are trained as they are.</summary>
internal sealed class PlainTarget : TrainingTarget
{
    private readonly GradientNorm _norm;

    public PlainTarget(nn.Module model)
    {
        Model = model;
        Parameters = [.. model.parameters().Where(p => p.requires_grad)];
        if (Parameters.Count == 0)
            throw new ArgumentException("The model has nothing to train: no parameter requires a gradient.", nameof(model));
        _norm = new GradientNorm(Parameters);
    }

    public override nn.Module Model { get; }

    public override IReadOnlyList<Parameter> Parameters { get; }

    public override void Begin(long totalSteps)
    {
    }

    public override void BeforeOptimizerStep(double? maxGradientNorm) => _norm.Measure(maxGradientNorm);

    public override bool ReadGradientsAreFinite() => _norm.IsFinite.item<bool>();

    public override void AfterOptimizerStep()
    {
    }

    public override void Compact(optim.Optimizer optimizer)
    {
    }

    public override void Finish()
    {
    }

    public override TrainingProgress Describe(TrainingProgress progress) => progress with { GradientNorm = _norm.Read() };

    public override IWeightSnapshot Capture() => new ParameterSnapshot(Parameters);

    public override void Dispose() => _norm.Dispose();
}
