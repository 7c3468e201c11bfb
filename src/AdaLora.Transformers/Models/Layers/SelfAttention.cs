using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Models.Layers;

/// <summary>Multi-head self-attention over projections named query, key and value. Takes hidden states and an additive mask.</summary>
internal sealed class SelfAttention : PrefixableAttention<Tensor?>
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

    public override Tensor forward(Tensor hidden, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return _attention.Apply(_query.call(hidden), _key.call(hidden), _value.call(hidden), mask, training, Prefix).MoveToOuterDisposeScope();
    }
}
