using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>The end of an attention or feed-forward block: dense, dropout, the block's input added, layer norm.</summary>
internal sealed class ResidualOutput : Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly Module<Tensor, Tensor> _dense;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "LayerNorm")]
    private readonly Module<Tensor, Tensor> _layerNorm;

    public ResidualOutput(int inputSize, EncoderConfig config)
        : base(nameof(ResidualOutput))
    {
        _dense = Unfilled.Linear(inputSize, config.HiddenSize);
        _dropout = new Dropout(config.HiddenDropout);
        _layerNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states, Tensor residual)
    {
        using var scope = NewDisposeScope();
        var output = _dropout.call(_dense.call(states));
        return _layerNorm.call(output.Add(residual)).MoveToOuterDisposeScope();
    }
}
