using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>A convolution over the embeddings, added to the first layer's output. Takes embeddings, that output, and the attention mask (1 and 0) or null.</summary>
internal sealed class DebertaV2Convolution : Module<Tensor, Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly Module<Tensor, Tensor> _convolution;

    [ComponentName(Name = "LayerNorm")]
    private readonly Module<Tensor, Tensor> _layerNorm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Func<Tensor, Tensor> _activation;

    public DebertaV2Convolution(DebertaV2Config config)
        : base(nameof(DebertaV2Convolution))
    {
        var size = config.ConvolutionSize;
        _convolution = Unfilled.Conv1d(config.HiddenSize, size, config.ConvolutionGroups);
        _layerNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _dropout = new Dropout(config.HiddenDropout);
        _activation = Activation.Get(config.ConvolutionActivation);
        RegisterComponents();
    }

    public override Tensor forward(Tensor embedded, Tensor firstOutput, Tensor? attentionMask)
    {
        using var scope = NewDisposeScope();
        var real = attentionMask?.Ne(0).unsqueeze(-1).to(embedded.dtype);
        var convolved = _convolution.call(embedded.transpose(1, 2)).transpose(1, 2);
        if (real is not null)
            convolved *= real;
        var output = _layerNorm.call(firstOutput.Add(_activation(_dropout.call(convolved))));
        return (real is null ? output : output * real).MoveToOuterDisposeScope();
    }
}
