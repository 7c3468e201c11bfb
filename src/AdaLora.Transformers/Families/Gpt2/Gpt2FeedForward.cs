using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Gpt2;

/// <summary>Two projections with an activation between them and dropout at the end.</summary>
internal sealed class Gpt2FeedForward : Module<Tensor, Tensor>
{
    [ComponentName(Name = "c_fc")]
    private readonly Module<Tensor, Tensor> _inner;

    [ComponentName(Name = "c_proj")]
    private readonly Module<Tensor, Tensor> _outer;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Func<Tensor, Tensor> _activation;

    public Gpt2FeedForward(Gpt2Config config)
        : base(nameof(Gpt2FeedForward))
    {
        _inner = new Conv1D(config.HiddenSize, config.IntermediateSize);
        _outer = new Conv1D(config.IntermediateSize, config.HiddenSize);
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
