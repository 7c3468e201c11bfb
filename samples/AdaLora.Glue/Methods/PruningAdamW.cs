using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Glue;

/// <summary>AdamW that prunes after every step.</summary>
internal sealed class PruningAdamW(IReadOnlyList<Parameter> trained, double learningRate, double weightDecay, DoubletPruner pruner)
    : AdamW(trained, learningRate, weight_decay: weightDecay)
{
    public override Tensor step(Func<Tensor>? closure = null)
    {
        var loss = base.step(closure);
        pruner.AfterStep();
        return loss;
    }
}
