using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.T5;

/// <summary>The encoder or the decoder. The table of biases by distance belongs to the first block's self-attention, but is used by those of all blocks.</summary>
/// <typeparam name="TContext">What attention takes besides hidden states.</typeparam>
internal sealed class T5Stack<TContext> : Module
{
    [ComponentName(Name = "block")]
    private readonly ModuleList<Module<Tensor, TContext, Tensor>> _blocks;

    [ComponentName(Name = "final_layer_norm")]
    private readonly Module<Tensor, Tensor> _norm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly Module<Tensor, Tensor> _biases;
    private readonly RelativePositionBias _bias;

    /// <param name="config">The configuration.</param>
    /// <param name="count">The number of blocks.</param>
    /// <param name="isTwoSided">Whether tokens to the right of a token have distances of their own.</param>
    /// <param name="selfAttention">Makes the self-attention of a block, by its number, counted from 0.</param>
    /// <param name="others">Makes what follows it in a block.</param>
    public T5Stack(
        T5Config config, int count, bool isTwoSided, Func<int, Module<Tensor, TContext, Tensor>> selfAttention, Func<int, IEnumerable<Module<Tensor, TContext, Tensor>>> others)
        : base(nameof(T5Stack<TContext>))
    {
        var attentions = Enumerable.Range(0, count).Select(selfAttention).ToList();
        _blocks = ModuleList(attentions.Select((attention, number) =>
            (Module<Tensor, TContext, Tensor>)new T5Block<TContext>([new T5AttentionLayer<TContext>(config, "SelfAttention", attention), .. others(number)])).ToArray());
        _norm = new RmsNorm(config.HiddenSize, config.LayerNormEps);
        _dropout = new Layers.Dropout(config.HiddenDropout);
        RegisterComponents();
        _biases = Unfilled.Embedding(config.Buckets, config.Heads);
        attentions[0].register_module("relative_attention_bias", _biases);
        _bias = new RelativePositionBias(config.Buckets, config.MaxDistance, isTwoSided);
    }

    /// <summary>What is added to attention scores, 1 x heads x new tokens x all tokens.</summary>
    /// <param name="past">The number of tokens before the new ones.</param>
    /// <param name="length">The number of new tokens.</param>
    /// <param name="device">Where to compute it.</param>
    public Tensor Biases(long past, long length, Device device) => _bias.Of(_biases, past, length, device);

    /// <summary>What goes into the first block.</summary>
    public Tensor Embed(Tensor words) => _dropout.call(words);

    /// <summary>Runs the blocks.</summary>
    /// <param name="embedded">What goes into the first one.</param>
    /// <param name="context">What attention takes besides.</param>
    /// <param name="trace">Receives what goes into each block, and the normed states at the end; or null.</param>
    public Tensor Run(Tensor embedded, TContext context, Action<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var last = _dropout.call(_norm.call(LayerSequence.Run(_blocks, embedded, _ => context, trace)));
        trace?.Invoke(last);
        return last.MoveToOuterDisposeScope();
    }
}
