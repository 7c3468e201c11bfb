using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>Two dense layers with an activation between them and dropout at the end.</summary>
internal sealed class DistilBertFeedForward : Module<Tensor, Tensor>
{
    [ComponentName(Name = "lin1")]
    private readonly Module<Tensor, Tensor> _inner;

    [ComponentName(Name = "lin2")]
    private readonly Module<Tensor, Tensor> _outer;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Func<Tensor, Tensor> _activation;

    public DistilBertFeedForward(EncoderConfig config)
        : base(nameof(DistilBertFeedForward))
    {
        _inner = Unfilled.Linear(config.HiddenSize, config.IntermediateSize);
        _outer = Unfilled.Linear(config.IntermediateSize, config.HiddenSize);
        _dropout = new Dropout(config.HiddenDropout);
        _activation = Activation.Get(config.HiddenActivation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return _dropout.call(_outer.call(_activation(_inner.call(hidden)))).MoveToOuterDisposeScope();
    }
}
