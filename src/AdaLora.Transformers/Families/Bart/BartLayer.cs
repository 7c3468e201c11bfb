using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bart;

/// <summary>One layer of either stack: self-attention, in the decoder attention to the encoder's text, and feed-forward, each added to its input and layer-normed.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal sealed class BartLayer<TContext> : Module<Tensor, TContext, Tensor>
{
    [ComponentName(Name = "self_attn")]
    private readonly Module<Tensor, TContext, Tensor> _attention;

    [ComponentName(Name = "self_attn_layer_norm")]
    private readonly Module<Tensor, Tensor> _attentionNorm;

    [ComponentName(Name = "encoder_attn")]
    private readonly Module<Tensor, TContext, Tensor>? _crossAttention;

    [ComponentName(Name = "encoder_attn_layer_norm")]
    private readonly Module<Tensor, Tensor>? _crossAttentionNorm;

    [ComponentName(Name = "fc1")]
    private readonly Module<Tensor, Tensor> _inner;

    [ComponentName(Name = "fc2")]
    private readonly Module<Tensor, Tensor> _outer;

    [ComponentName(Name = "final_layer_norm")]
    private readonly Module<Tensor, Tensor> _finalNorm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    [ComponentName(Name = "activation_dropout")]
    private readonly Module<Tensor, Tensor> _activationDropout;

    private readonly Func<Tensor, Tensor> _activation;

    /// <param name="config">The configuration.</param>
    /// <param name="size">The inner width of the feed-forward block.</param>
    /// <param name="attention">Self-attention.</param>
    /// <param name="crossAttention">Attention to the encoder's text; null in the encoder.</param>
    public BartLayer(BartConfig config, int size, Module<Tensor, TContext, Tensor> attention, Module<Tensor, TContext, Tensor>? crossAttention = null)
        : base(nameof(BartLayer<TContext>))
    {
        (_attention, _attentionNorm) = (attention, Norm());
        if (crossAttention is not null)
            (_crossAttention, _crossAttentionNorm) = (crossAttention, Norm());
        _inner = Unfilled.Linear(config.HiddenSize, size);
        _outer = Unfilled.Linear(size, config.HiddenSize);
        _finalNorm = Norm();
        _dropout = new Layers.Dropout(config.HiddenDropout);
        _activationDropout = new Layers.Dropout(config.ActivationDropout);
        _activation = Activation.Get(config.HiddenActivation);
        RegisterComponents();

        Module<Tensor, Tensor> Norm() => Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        var attended = _attentionNorm.call(_dropout.call(_attention.call(hidden, context)).Add(hidden));
        if (_crossAttention is not null)
            attended = _crossAttentionNorm!.call(_dropout.call(_crossAttention.call(attended, context)).Add(attended));
        var inner = _activationDropout.call(_activation(Projection.Apply(_inner, attended)));
        return HalfRange.Clamp(_finalNorm.call(_dropout.call(Projection.Apply(_outer, inner)).Add(attended))).MoveToOuterDisposeScope();
    }
}
