using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DistilBert;

/// <summary>Multi-head self-attention with its output projection. Takes hidden states as rows, and gives those that are kept.</summary>
internal sealed class DistilBertAttention : PrefixableAttention<PackedTokens>
{
    [ComponentName(Name = "q_lin")]
    private readonly Module<Tensor, Tensor> _query;

    [ComponentName(Name = "k_lin")]
    private readonly Module<Tensor, Tensor> _key;

    [ComponentName(Name = "v_lin")]
    private readonly Module<Tensor, Tensor> _value;

    [ComponentName(Name = "out_lin")]
    private readonly Module<Tensor, Tensor> _output;

    private readonly MultiHeadAttention _attention;

    public DistilBertAttention(EncoderConfig config)
        : base(nameof(DistilBertAttention))
    {
        _query = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _key = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _value = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _output = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, PackedTokens rows)
    {
        using var scope = NewDisposeScope();
        var context = _attention.ApplyToRows(_query.call(rows.Kept(hidden)), _key.call(hidden), _value.call(hidden), rows, training, Prefix);
        return _output.call(context).MoveToOuterDisposeScope();
    }
}
