using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Bart;

/// <summary>The encoder or the decoder: positions and layers.</summary>
/// <typeparam name="TContext">What the attention of its layers takes besides hidden states.</typeparam>
internal sealed class BartStack<TContext> : Module
{
    [ComponentName(Name = "embed_positions")]
    private readonly Module<Tensor, Tensor> _positions;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<Module<Tensor, TContext, Tensor>> _layers;

    [ComponentName(Name = "layernorm_embedding")]
    private readonly Module<Tensor, Tensor> _norm;

    [ComponentName(Name = "dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    /// <param name="config">The configuration.</param>
    /// <param name="count">The number of layers.</param>
    /// <param name="layer">Makes the layer of a number, counted from 0.</param>
    public BartStack(BartConfig config, int count, Func<int, Module<Tensor, TContext, Tensor>> layer)
        : base(nameof(BartStack<TContext>))
    {
        _positions = Unfilled.Embedding(config.MaxPositions + BartConfig.PositionOffset, config.HiddenSize);
        _layers = ModuleList(Enumerable.Range(0, count).Select(layer).ToArray());
        _norm = Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps);
        _dropout = new Layers.Dropout(config.HiddenDropout);
        RegisterComponents();
    }

    /// <summary>What goes into the first layer.</summary>
    /// <param name="words">Word embeddings, batch x length x hidden size.</param>
    /// <param name="positions">The position of each token, batch (or 1) x length.</param>
    public Tensor Embed(Tensor words, Tensor positions)
    {
        using var scope = NewDisposeScope();
        return _dropout.call(_norm.call(words.Add(_positions.call(positions.Add((long)BartConfig.PositionOffset))))).MoveToOuterDisposeScope();
    }

    /// <summary>Runs the layers.</summary>
    /// <param name="embedded">What goes into the first one.</param>
    /// <param name="context">What the attention takes besides.</param>
    /// <param name="trace">Receives what goes into the first layer and what comes out of each, or null.</param>
    public Tensor Run(Tensor embedded, TContext context, Action<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var last = LayerSequence.Run(_layers, embedded, _ => context, trace);
        trace?.Invoke(last);
        return last.MoveToOuterDisposeScope();
    }
}
