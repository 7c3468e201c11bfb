using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Heads;

/// <summary>A classifier of two dense layers on first tokens. Takes their last states, batch x hidden size, and returns logits.</summary>
internal sealed class FirstTokenHead : Module<Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly Module<Tensor, Tensor> _dense;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "out_proj")]
    private readonly Module<Tensor, Tensor> _output;

    private readonly Func<Tensor, Tensor> _activation;

    public FirstTokenHead(EncoderConfig config, int labels, string activation)
        : base(nameof(FirstTokenHead))
    {
        _dense = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _dropout = new Dropout(config.ClassifierDropout ?? config.HiddenDropout);
        _output = Unfilled.Linear(config.HiddenSize, labels);
        _activation = Activation.Get(activation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor firsts)
    {
        using var scope = NewDisposeScope();
        var first = _dropout.call(firsts);
        var inner = _dropout.call(_activation(_dense.call(first)));
        return _output.call(inner).MoveToOuterDisposeScope();
    }
}
