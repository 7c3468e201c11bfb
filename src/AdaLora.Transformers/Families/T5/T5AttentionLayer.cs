using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.T5;

/// <summary>Attention of either kind, preceded by a norm and added to its input.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal sealed class T5AttentionLayer<TContext> : Module<Tensor, TContext, Tensor>
{
    private readonly Module<Tensor, TContext, Tensor> _attention;

    [ComponentName(Name = "layer_norm")]
    private readonly Module<Tensor, Tensor> _norm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    /// <param name="config">The configuration.</param>
    /// <param name="name">The family's name of the attention.</param>
    /// <param name="attention">The attention.</param>
    public T5AttentionLayer(T5Config config, string name, Module<Tensor, TContext, Tensor> attention)
        : base(nameof(T5AttentionLayer<TContext>))
    {
        _norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        _dropout = new Layers.Dropout(config.HiddenDropout);
        RegisterComponents();
        _attention = attention;
        register_module(name, attention);
    }

    public override Tensor forward(Tensor hidden, TContext context)
    {
        using var scope = NewDisposeScope();
        return HalfRange.Clamp(_dropout.call(_attention.call(_norm.call(hidden), context)).Add(hidden)).MoveToOuterDisposeScope();
    }
}
