using AdaLora.Bank;
using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training;
using AdaLora.Training.Checkpoints;
using AdaLora.Training.Progress;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>A model with adapters: the regulariser and the allocator run around each optimiser step.</summary>
internal sealed class AdaptedTarget(AdaLoraModel adapted) : TrainingTarget
{
    private StepGradients _gradients;

    public override nn.Module Model => adapted.Model;

    public override IReadOnlyList<Parameter> Parameters => adapted.TrainableParameters;

    public override IDisposable? Hold() => adapted.Gate.Train();

    public override void Begin(long totalSteps)
    {
        var final = adapted.Options.FinalPhase.In(totalSteps);
        if (adapted.KeepsNothing && adapted.TrainedInFull.Count == 0 && final > 0)
        {
            throw new ArgumentException(
                $"The target budget of {adapted.TargetBudget} keeps no triplet, and nothing is trained besides the adapters: nothing would be left to train in the last {final} steps. Raise {nameof(AdaLoraOptions.TargetRank)} or {nameof(AdaLoraOptions.TargetBudget)}, "
                + $"name {nameof(AdaLoraOptions.TrainedModules)} or {nameof(AdaLoraOptions.Biases)}, or set {nameof(AdaLoraOptions.FinalPhase)} to 0 steps.");
        }

        adapted.Begin(totalSteps);
    }

    public override void Use(optim.Optimizer optimizer)
    {
        // Without it, training continues with all triplets.
        if (OptimizerFollower.CanFollow(optimizer) || adapted.Options.Allocation.Resizes || !adapted.Options.LearningRateFactors.AreOne)
            adapted.UseOptimizer(optimizer);
    }

    public override void Forget(optim.Optimizer optimizer) => adapted.ForgetOptimizer(optimizer);

    public override bool IsFinal => adapted.AreRanksFinal;

    public override void BeforeOptimizerStep(double? maxGradientNorm, Tensor? scale, LossScaler scaler, IProcessGroup group) =>
        _gradients = adapted.BeforeSharedStep(maxGradientNorm, scale, scaler, group);

    public override void SettleGradients() => adapted.SettleWeightGradients();

    public override void ForgetGradients(optim.Optimizer optimizer)
    {
        base.ForgetGradients(optimizer);
        adapted.DropWeightGradients();
    }

    public override bool ReadGradientsAreFinite() => _gradients.ReadIsFinite();

    public override void AfterOptimizerStep() => adapted.AfterOptimizerStep();

    public override void Compact(optim.Optimizer optimizer)
    {
        if (adapted.IsPatternFinal && !adapted.IsCompacted)
            adapted.Compact(optimizer);
    }

    public override void Finish() => adapted.Finish();

    public override StepFigures ReadFigures() => new()
    {
        GradientNorm = adapted.ReadGradientNorm(),
        Penalty = adapted.ReadPenalty(),
        Budget = adapted.Budget,
        LiveTriplets = adapted.LiveTriplets,
    };

    public override IWeightSnapshot Capture() => new Snapshot(adapted, adapted.Capture(), new ParameterSnapshot(adapted.TrainedInFull, Model));

    public override IWeightSnapshot ReadSnapshot(StateTable state) =>
        new Snapshot(adapted, adapted.ReadSnapshot(state.Part("adapters")), new ParameterSnapshot(adapted.TrainedInFull, Model, state.Part("parameters")));

    public override IEnumerable<(string Name, Tensor Value)> FrozenWeights => base.FrozenWeights.Concat(adapted.WatchedWeights);

    public override void Identify(IDictionary<string, string> identity)
    {
        adapted.Identify(identity);
        if (adapted.HeldWeights is { Count: > 0 } held)
            identity["held frozen weights"] = new WeightFingerprint(held).Describe(everyByte: false);
        foreach (var (name, parameter) in adapted.TrainedInFull)
            identity[$"trained {name}"] = RunIdentity.Shape(parameter);
    }

    public override void Save(StateTable state, bool isWithinStep)
    {
        adapted.SaveState(state.Part("adapters"), isWithinStep);
        ModelState.Save(state, adapted.Model, adapted.TrainedInFull, isWithinStep);
    }

    public override void Resume(StateTable state)
    {
        adapted.ResumeState(state.Part("adapters"));
        ModelState.Resume(state, adapted.Model, adapted.TrainedInFull);
        adapted.WriteWeights();
    }

    public override void Dispose()
    {
    }

    private sealed class Snapshot(AdaLoraModel adapted, AdapterSnapshot triplets, ParameterSnapshot trainedInFull) : IWeightSnapshot
    {
        public void Restore()
        {
            using var guard = adapted.Gate.Change("changed");
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var steps = new Transition();
            adapted.Restore(triplets, steps);
            trainedInFull.Restore(steps);
            steps.AddLast(adapted.WriteWeights);
            steps.Run();
        }

        public void Save(StateTable state)
        {
            adapted.SaveSnapshot(triplets, state.Part("adapters"));
            trainedInFull.Save(state.Part("parameters"));
        }

        public void Dispose()
        {
            triplets.Dispose();
            trainedInFull.Dispose();
        }
    }
}
