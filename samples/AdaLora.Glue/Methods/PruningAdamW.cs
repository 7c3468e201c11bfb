using AdaLora.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>AdamW that prunes after every step.</summary>
internal sealed class PruningAdamW(IReadOnlyList<Parameter> trained, double learningRate, double weightDecay, DoubletPruner pruner)
    : FusedAdamW(trained, learningRate, weightDecay: weightDecay)
{
    public override Tensor step(Func<Tensor>? closure = null)
    {
        var loss = base.step(closure);
        pruner.AfterStep();
        return loss;
    }
}
