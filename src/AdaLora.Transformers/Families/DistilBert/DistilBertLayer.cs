using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>One layer: attention and feed-forward, each added to its input and layer-normed.</summary>
internal sealed class DistilBertLayer : Module<Tensor, PackedTokens, Tensor>
{
    [ComponentName(Name = "attention")]
    private readonly SelfAttention _attention;

    [ComponentName(Name = "sa_layer_norm")]
    private readonly Module<Tensor, Tensor> _attentionNorm;

    [ComponentName(Name = "ffn")]
    private readonly FeedForward _feedForward;

    [ComponentName(Name = "output_layer_norm")]
    private readonly Module<Tensor, Tensor> _outputNorm;

    public DistilBertLayer(EncoderConfig config)
        : base(nameof(DistilBertLayer))
    {
        _attention = new SelfAttention(config, new AttentionNames("q_lin", "k_lin", "v_lin", "out_lin"));
        _attentionNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _feedForward = new FeedForward(
            config, ("lin1", Unfilled.Linear(config.HiddenSize, config.IntermediateSize)), ("lin2", Unfilled.Linear(config.IntermediateSize, config.HiddenSize)));
        _outputNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, PackedTokens rows)
    {
        using var scope = NewDisposeScope();
        var attended = _attentionNorm.call(_attention.call(hidden, rows).Add(rows.Kept(hidden)));
        return _outputNorm.call(_feedForward.call(attended).Add(attended)).MoveToOuterDisposeScope();
    }
}
