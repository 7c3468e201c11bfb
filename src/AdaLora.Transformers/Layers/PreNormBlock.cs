using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>One layer: attention and feed-forward, each preceded by a norm and added to its input.</summary>
internal sealed class PreNormBlock : Module<Tensor, DecoderPass, Tensor>
{
    [ComponentName(Name = "input_layernorm")]
    private readonly Module<Tensor, Tensor> _attentionNorm;

    [ComponentName(Name = "self_attn")]
    private readonly Module<Tensor, DecoderPass, Tensor> _attention;

    [ComponentName(Name = "post_attention_layernorm")]
    private readonly Module<Tensor, Tensor> _feedForwardNorm;

    [ComponentName(Name = "mlp")]
    private readonly Module<Tensor, Tensor> _feedForward;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    public PreNormBlock(RotaryDecoderConfig config, GroupedQueryAttention attention, GatedFeedForward feedForward)
        : base(nameof(PreNormBlock))
    {
        _attentionNorm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        _attention = attention;
        _feedForwardNorm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        _feedForward = feedForward;
        _dropout = new Dropout(config.HiddenDropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var attended = _dropout.call(_attention.call(_attentionNorm.call(hidden), pass)).Add(hidden);
        return _dropout.call(_feedForward.call(_feedForwardNorm.call(attended))).Add(attended).MoveToOuterDisposeScope();
    }
}
