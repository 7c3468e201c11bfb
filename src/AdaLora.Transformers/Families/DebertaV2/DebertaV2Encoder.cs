using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>The layers and what they share: relative embeddings, and a convolution beside the first layer.</summary>
internal sealed class DebertaV2Encoder : Module<Tensor, PackedTokens, Tensor>
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<Module<Tensor, AttentionContext, Tensor>> _layers;

    [ComponentName(Name = "rel_embeddings")]
    private readonly Embedding? _relative;

    [ComponentName(Name = "LayerNorm")]
    private readonly Module<Tensor, Tensor>? _relativeNorm;

    [ComponentName(Name = "conv")]
    private readonly DebertaV2Convolution? _convolution;

    private readonly DebertaV2Config _config;

    public DebertaV2Encoder(DebertaV2Config config)
        : base(nameof(DebertaV2Encoder))
    {
        _config = config;
        _layers = ModuleList(Enumerable.Range(0, config.Layers)
            .Select(_ => (Module<Tensor, AttentionContext, Tensor>)new EncoderLayer<AttentionContext>(new DisentangledSelfAttention(config), config)).ToArray());
        _relative = config.RelativeAttention ? Unfilled.Embedding(2 * config.Span, config.HiddenSize) : null;
        _relativeNorm = config.RelativeAttention && config.RelativeEmbeddingNorm == "layer_norm" ? Unfilled.LayerNorm(config.HiddenSize, config.LayerNormEps) : null;
        _convolution = config.ConvolutionSize > 0 ? new DebertaV2Convolution(config) : null;
        RegisterComponents();
    }

    public override Tensor forward(Tensor embedded, PackedTokens rows) => Encode(embedded, rows, null);

    /// <summary>
    /// Runs the layers; <paramref name="trace"/> receives what goes into the first and what comes out of each, batch x length x hidden size, in tensors that belong to no scope.
    /// </summary>
    /// <returns>Rows x hidden size; only the first tokens' if they suffice.</returns>
    public Tensor Encode(Tensor embedded, PackedTokens rows, List<Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var context = Context(embedded, rows);
        var states = embedded;
        trace?.Add(rows.ToTexts(states).DetachFromDisposeScope());
        for (var i = 0; i < _layers.Count; i++)
        {
            // The convolution sees whole texts, so a layer beside it cannot skip any part of them.
            var isConvolved = i == 0 && _convolution is not null;
            var next = _layers[i].call(states, i == _layers.Count - 1 && !isConvolved ? context.AtLastLayer() : context);
            if (isConvolved)
                next = rows.FromTexts(_convolution!.call(rows.ToTexts(embedded), rows.ToTexts(next), rows.Mask));
            states = next;
            trace?.Add(rows.ToTexts(states).DetachFromDisposeScope());
        }
        if (_layers.Count == 1 && _convolution is not null)
            states = rows.AtLastLayer().Kept(states);
        return states.MoveToOuterDisposeScope();
    }

    /// <summary>The relative embeddings as attention reads them, rows x hidden size.</summary>
    internal Tensor RelativeEmbeddings(long start, long count)
    {
        using var scope = NewDisposeScope();
        var rows = _relative!.weight!.narrow(0, start, count);
        return (_relativeNorm is null ? rows.alias() : _relativeNorm.call(rows)).MoveToOuterDisposeScope();
    }

    private AttentionContext Context(Tensor embedded, PackedTokens rows)
    {
        var real = rows.IsPacked ? null : rows.Mask?.Ne(0).view(-1, 1).to(embedded.dtype);
        var masked = rows.Mask is null ? null : PairMask(rows.Mask);
        if (_relative is null)
            return new AttentionContext(rows, real, masked, null, null, null);
        var length = (int)rows.Length;
        var table = RelativePositions.Table(length, _config, embedded.device);
        // Only the rows that the texts' distances reach are projected; the others cannot be selected.
        var farthest = RelativePositions.Bucket(length - 1, _config.PositionBuckets, _config.Reach);
        var last = 2L * _config.Span - 1;
        var start = Math.Max(0, _config.Span - farthest);
        var embeddings = RelativeEmbeddings(start, Math.Min(last, _config.Span + farthest) - start + 1);
        Tensor RowsOf(Tensor positions) => positions.Add(_config.Span).Clamp(0, last).Sub(start);
        return new AttentionContext(rows, real, masked, embeddings, RowsOf(table), RowsOf(-table));
    }

    // Padding neither attends nor is attended to: unlike BERT's, the mask covers both query and key.
    private static Tensor PairMask(Tensor attentionMask)
    {
        var padding = attentionMask.Eq(0);
        return padding.unsqueeze(1).logical_or(padding.unsqueeze(2)).unsqueeze(1);
    }
}
