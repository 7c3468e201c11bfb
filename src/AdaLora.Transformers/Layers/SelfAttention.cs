using AdaLora.Transformers.Configuration;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Multi-head self-attention over projections named query, key and value. Takes hidden states as rows, and gives those that are kept.</summary>
internal sealed class SelfAttention : PrefixableAttention<PackedTokens>
{
    [ComponentName(Name = "query")]
    private readonly Module<Tensor, Tensor> _query;

    [ComponentName(Name = "key")]
    private readonly Module<Tensor, Tensor> _key;

    [ComponentName(Name = "value")]
    private readonly Module<Tensor, Tensor> _value;

    private readonly MultiHeadAttention _attention;

    public SelfAttention(EncoderConfig config)
        : base(nameof(SelfAttention))
    {
        _query = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _key = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _value = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, PackedTokens rows)
    {
        using var scope = NewDisposeScope();
        var context = _attention.ApplyToRows(_query.call(rows.Kept(hidden)), _key.call(hidden), _value.call(hidden), rows, training, Prefix);
        return context.MoveToOuterDisposeScope();
    }
}
