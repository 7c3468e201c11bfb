using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>A dense layer and its activation.</summary>
internal sealed class ActivatedDense : Module<Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly Module<Tensor, Tensor> _dense;

    private readonly Func<Tensor, Tensor> _activation;

    public ActivatedDense(int inputSize, int outputSize, string activation)
        : base(nameof(ActivatedDense))
    {
        _dense = Unfilled.Linear(inputSize, outputSize);
        _activation = Activation.Get(activation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _activation(_dense.call(input)).MoveToOuterDisposeScope();
    }
}
