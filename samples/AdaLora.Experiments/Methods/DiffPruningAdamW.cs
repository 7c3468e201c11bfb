using AdaLora.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>AdamW for the values and gates behind a model's weights.</summary>
internal sealed class DiffPruningAdamW(IReadOnlyList<AdamW.ParamGroup> groups, double learningRate, double weightDecay, DiffPruner pruner)
    : FusedAdamW(groups, learningRate, weightDecay: weightDecay)
{
    public override Tensor step(Func<Tensor>? closure = null)
    {
        pruner.BeforeStep();
#pragma warning disable RS0030 // The step of FusedAdamW, which overrides the one that is banned.
        var loss = base.step(closure);
#pragma warning restore RS0030
        pruner.AfterStep();
        return loss;
    }
}
