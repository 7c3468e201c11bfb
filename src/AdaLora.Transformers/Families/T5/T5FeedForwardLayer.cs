using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.T5;

/// <summary>Feed-forward, preceded by a norm and added to its input.</summary>
/// <typeparam name="TContext">What the other layers of the block take besides hidden states.</typeparam>
internal sealed class T5FeedForwardLayer<TContext> : Module<Tensor, TContext, Tensor>
{
    [ComponentName(Name = "DenseReluDense")]
    private readonly Module<Tensor, Tensor> _feedForward;

    [ComponentName(Name = "layer_norm")]
    private readonly Module<Tensor, Tensor> _norm;

    public T5FeedForwardLayer(T5Config config)
        : base(nameof(T5FeedForwardLayer<TContext>))
    {
        _feedForward = config.IsGated
            ? new GatedFeedForward(config, config.IntermediateSize, ["wi_0", "wi_1"], "wo", dropout: config.HiddenDropout, isOuterWide: true)
            : new FeedForward(
                config,
                ("wi", Unfilled.Linear(config.HiddenSize, config.IntermediateSize, hasBias: false)),
                ("wo", Unfilled.WideLinear(config.IntermediateSize, config.HiddenSize, hasBias: false)),
                config.HiddenDropout,
                isOuterWide: true);
        _norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        return HalfRange.Clamp(_feedForward.call(_norm.call(hidden)).Add(hidden)).MoveToOuterDisposeScope();
    }
}
