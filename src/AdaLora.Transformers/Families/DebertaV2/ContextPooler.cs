using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>Dropout, a dense layer and its activation. Takes the last states of first tokens, batch x hidden size.</summary>
internal sealed class ContextPooler : Module<Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly Module<Tensor, Tensor> _dense;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Func<Tensor, Tensor> _activation;

    public ContextPooler(DebertaV2Config config)
        : base(nameof(ContextPooler))
    {
        _dense = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _dropout = new Dropout(config.PoolerDropout);
        _activation = Activation.Get(config.PoolerActivation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor firsts)
    {
        using var scope = NewDisposeScope();
        return _activation(_dense.call(_dropout.call(firsts))).MoveToOuterDisposeScope();
    }
}
