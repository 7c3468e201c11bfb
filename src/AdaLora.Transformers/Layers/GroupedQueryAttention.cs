using AdaLora.Internals;
using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Causal self-attention with rotary positions, in which each head of keys and values serves a group of neighbouring heads of queries (Ainslie et al., 2023).</summary>
internal sealed class GroupedQueryAttention : Module<Tensor, DecoderPass, Tensor>
{
    private readonly Module<Tensor, Tensor>[] _projections;
    private readonly Module<Tensor, Tensor> _output;
    private readonly Module<Tensor, Tensor>? _queryNorm;
    private readonly Module<Tensor, Tensor>? _keyNorm;
    private readonly RotaryEmbedding _rotary;
    private readonly MultiHeadAttention _attention;
    private readonly long[] _sizes;
    private readonly int _headSize;
    private readonly double _queryScale;
    private readonly int? _window;
    private readonly int _layer;

    /// <param name="config">The configuration.</param>
    /// <param name="parts">What the family's attention consists of.</param>
    /// <param name="layer">The number of the layer, counted from 0.</param>
    public GroupedQueryAttention(RotaryDecoderConfig config, GroupedAttentionParts parts, int layer)
        : base(nameof(GroupedQueryAttention))
    {
        // Marks the fields as registered: names are those of checkpoints, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _headSize = config.ActualHeadSize;
        var (queries, keys) = ((long)config.Heads * _headSize, (long)config.ActualKeyValueHeads * _headSize);
        _sizes = [queries, keys, keys];
        _projections = JointProjection.Create(this, config.HiddenSize, parts.IsPacked ? ["qkv_proj"] : ["q_proj", "k_proj", "v_proj"], _sizes, parts.HasInputBias);
        _output = Unfilled.Linear(queries, config.HiddenSize, parts.HasOutputBias);
        register_module("o_proj", _output);
        if (parts.HeadNorm is { } norm)
        {
            (_queryNorm, _keyNorm) = (norm(), norm());
            register_module("q_norm", _queryNorm);
            register_module("k_norm", _keyNorm);
        }

        _rotary = parts.Rotary;
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);
        // Scores are divided by the root of the head size anyway.
        _queryScale = parts.ScoreSize is { } size ? Math.Sqrt(_headSize / size) : 1;
        (_window, _layer) = (parts.Window, layer);
    }

    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var parts = JointProjection.Apply(_projections, hidden, _sizes);
        var turn = pass.Turn(_rotary);
        var query = _rotary.Turn(Norm(_queryNorm, Heads(parts[0])), turn);
        if (_queryScale != 1)
            query = query.Mul(_queryScale);
        var key = _rotary.Turn(Norm(_keyNorm, Heads(parts[1])), turn).transpose(1, 2);
        var value = Heads(parts[2]).transpose(1, 2);
        if (pass.Cache is { } cache)
            (key, value) = cache.Append(_layer, key, value);
        var context = hidden.shape[1] == 1 ? AttendOnce(query, key, value, pass) : Attend(query, key, value, pass);
        return Projection.Apply(_output, context).MoveToOuterDisposeScope();
    }

    private static Tensor Norm(Module<Tensor, Tensor>? norm, Tensor heads) => norm is null ? heads : norm.call(heads);

    private Tensor Heads(Tensor states) => states.view(states.shape[0], states.shape[1], -1, _headSize);

    /// <param name="query">Batch x length x heads x head size.</param>
    /// <param name="key">Batch x key heads x length of the keys x head size.</param>
    /// <param name="value">As the keys.</param>
    /// <param name="pass">The pass.</param>
    private Tensor Attend(Tensor query, Tensor key, Tensor value, DecoderPass pass)
    {
        var mask = pass.MaskFor(_window);
        return MultiHeadAttention.Join(_attention.Attend(query.transpose(1, 2), ForEachQuery(key, query.shape[2]), ForEachQuery(value, query.shape[2]), mask.Additive, training, mask.IsCausal));
    }

    // The queries of a group at one place are rows that share keys, which need not be repeated then.
    private Tensor AttendOnce(Tensor query, Tensor key, Tensor value, DecoderPass pass)
    {
        var mask = pass.MaskFor(_window).Additive;
        var (count, first) = (key.shape[2], Math.Max(0, key.shape[2] - (_window ?? key.shape[2])));
        if (first > 0)
        {
            (key, value) = (key.narrow(2, first, count - first), value.narrow(2, first, count - first));
            mask = mask?.narrow(-1, first, count - first);
        }

        var shape = query.shape;
        var grouped = query.view(shape[0], key.shape[1], shape[2] / key.shape[1], _headSize);
        return _attention.Attend(grouped, key, value, mask, training).reshape(shape[0], 1, shape[2] * _headSize);
    }

    // Head h of the queries reads head h div (heads / key heads).
    private static Tensor ForEachQuery(Tensor states, long heads)
    {
        var (shape, group) = (states.shape, heads / states.shape[1]);
        return group == 1 ? states : states.unsqueeze(2).expand(shape[0], shape[1], group, shape[2], shape[3]).reshape(shape[0], heads, shape[2], shape[3]);
    }
}
