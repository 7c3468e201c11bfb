using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>A model with adapters: the regulariser and the allocator run around each optimiser step.</summary>
internal sealed class AdaptedTarget(AdaLoraModel adapted) : TrainingTarget
{
    private StepGradients _gradients;

    public override nn.Module Model => adapted.Model;

    public override IReadOnlyList<Parameter> Parameters => adapted.TrainableParameters;

    public override void Begin(long totalSteps) => adapted.Begin(totalSteps);

    public override void BeforeOptimizerStep(double? maxGradientNorm) => _gradients = adapted.BeforeOptimizerStep(maxGradientNorm);

    public override bool ReadGradientsAreFinite() => _gradients.ReadIsFinite();

    public override void AfterOptimizerStep() => adapted.AfterOptimizerStep();

    public override void Compact(optim.Optimizer optimizer)
    {
        if (adapted.IsFrozen && !adapted.IsCompacted)
            adapted.Compact(optimizer);
    }

    public override void Finish() => adapted.Finish();

    public override TrainingProgress Describe(TrainingProgress progress) => progress with
    {
        GradientNorm = adapted.ReadGradientNorm(),
        Penalty = adapted.ReadPenalty(),
        Budget = adapted.Budget,
        LiveTriplets = adapted.LiveTriplets,
    };

    public override IWeightSnapshot Capture() => new Snapshot(adapted);

    public override void Dispose()
    {
    }

    private sealed class Snapshot(AdaLoraModel adapted) : IWeightSnapshot
    {
        private readonly AdapterSnapshot _triplets = adapted.Capture();
        private readonly ParameterSnapshot _trainedInFull = new(adapted.TrainableParameters.Skip(1));

        public void Restore()
        {
            adapted.Restore(_triplets);
            _trainedInFull.Restore();
        }

        public void Dispose()
        {
            _triplets.Dispose();
            _trainedInFull.Dispose();
        }
    }
}
