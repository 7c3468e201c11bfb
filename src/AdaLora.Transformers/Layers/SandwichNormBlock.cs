using AdaLora.Internals;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>One layer: attention and feed-forward, each between two norms and added to its input.</summary>
internal sealed class SandwichNormBlock : Module<Tensor, DecoderPass, Tensor>
{
    [ComponentName(Name = "input_layernorm")]
    private readonly Module<Tensor, Tensor> _beforeAttention;

    [ComponentName(Name = "self_attn")]
    private readonly Module<Tensor, DecoderPass, Tensor> _attention;

    [ComponentName(Name = "post_attention_layernorm")]
    private readonly Module<Tensor, Tensor> _afterAttention;

    [ComponentName(Name = "pre_feedforward_layernorm")]
    private readonly Module<Tensor, Tensor> _beforeFeedForward;

    [ComponentName(Name = "mlp")]
    private readonly Module<Tensor, Tensor> _feedForward;

    [ComponentName(Name = "post_feedforward_layernorm")]
    private readonly Module<Tensor, Tensor> _afterFeedForward;

    public SandwichNormBlock(Func<RmsNorm> norm, GroupedQueryAttention attention, GatedFeedForward feedForward)
        : base(nameof(SandwichNormBlock))
    {
        (_beforeAttention, _afterAttention, _beforeFeedForward, _afterFeedForward) = (norm(), norm(), norm(), norm());
        (_attention, _feedForward) = (attention, feedForward);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var attended = _afterAttention.call(_attention.call(_beforeAttention.call(hidden), pass)).Add(hidden);
        return _afterFeedForward.call(_feedForward.call(_beforeFeedForward.call(attended))).Add(attended).MoveToOuterDisposeScope();
    }
}
