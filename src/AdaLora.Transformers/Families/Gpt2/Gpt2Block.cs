using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Gpt2;

/// <summary>One layer: attention and feed-forward, each preceded by a layer norm and added to its input.</summary>
internal sealed class Gpt2Block : Module<Tensor, DecoderPass, Tensor>
{
    [ComponentName(Name = "ln_1")]
    private readonly Module<Tensor, Tensor> _attentionNorm;

    [ComponentName(Name = "attn")]
    private readonly Gpt2Attention _attention;

    [ComponentName(Name = "ln_2")]
    private readonly Module<Tensor, Tensor> _feedForwardNorm;

    [ComponentName(Name = "mlp")]
    private readonly FeedForward _feedForward;

    /// <param name="config">The configuration.</param>
    /// <param name="layer">The number of the layer, counted from 0.</param>
    public Gpt2Block(Gpt2Config config, int layer)
        : base(nameof(Gpt2Block))
    {
        _attentionNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _attention = new Gpt2Attention(config, layer);
        _feedForwardNorm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _feedForward = new FeedForward(
            config, ("c_fc", new Conv1D(config.HiddenSize, config.IntermediateSize)), ("c_proj", new Conv1D(config.IntermediateSize, config.HiddenSize)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var attended = _attention.call(_attentionNorm.call(hidden), pass).Add(hidden);
        return _feedForward.call(_feedForwardNorm.call(attended)).Add(attended).MoveToOuterDisposeScope();
    }
}
