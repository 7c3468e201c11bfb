using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.Gpt2;

/// <summary>Causal self-attention over queries, keys and values of one projection, with its output projection.</summary>
internal sealed class Gpt2Attention : Module<Tensor, DecoderPass, Tensor>
{
    [ComponentName(Name = "c_attn")]
    private readonly Module<Tensor, Tensor> _projections;

    [ComponentName(Name = "c_proj")]
    private readonly Module<Tensor, Tensor> _output;

    [ComponentName(Name = "resid_dropout")]
    private readonly Module<Tensor, Tensor> _dropout;

    private readonly MultiHeadAttention _attention;
    private readonly int _layer;
    private readonly double _queryScale;
    private readonly bool _inSinglePrecision;

    /// <param name="config">The configuration.</param>
    /// <param name="layer">The number of the layer, counted from 0.</param>
    public Gpt2Attention(Gpt2Config config, int layer)
        : base(nameof(Gpt2Attention))
    {
        _projections = new Conv1D(config.HiddenSize, 3L * config.HiddenSize);
        _output = new Conv1D(config.HiddenSize, config.HiddenSize);
        _dropout = new Dropout(config.HiddenDropout);
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);
        _layer = layer;
        // The products are divided by the root of the head size anyway.
        _queryScale = (config.ScalesScores ? 1 : Math.Sqrt((double)config.HiddenSize / config.Heads)) / (config.ScalesScoresByLayer ? layer + 1 : 1);
        _inSinglePrecision = config.AttendsInSinglePrecision;
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, DecoderPass pass)
    {
        using var scope = NewDisposeScope();
        var parts = _projections.call(hidden).chunk(3, -1);
        var (query, key, value) = (_attention.Split(parts[0]), _attention.Split(parts[1]), _attention.Split(parts[2]));
        if (_queryScale != 1)
            query = query.Mul(_queryScale);
        if (pass.Cache is { } cache)
            (key, value) = cache.Append(_layer, key, value);
        var mask = pass.MaskFor(null);
        var attended = _inSinglePrecision && hidden.dtype is ScalarType.Float16 or ScalarType.BFloat16
            ? _attention.Attend(query.to(ScalarType.Float32), key.to(ScalarType.Float32), value.to(ScalarType.Float32), mask.Additive?.to(ScalarType.Float32), training, mask.IsCausal).to(hidden.dtype)
            : _attention.Attend(query, key, value, mask.Additive, training, mask.IsCausal);
        return _dropout.call(_output.call(MultiHeadAttention.Join(attended))).MoveToOuterDisposeScope();
    }
}
