using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Multi-head self-attention, with or without an output projection. Takes hidden states as rows, and returns those that are kept.</summary>
internal sealed class SelfAttention : PrefixableAttention<PackedTokens>
{
    private readonly Module<Tensor, Tensor> _query;
    private readonly Module<Tensor, Tensor> _key;
    private readonly Module<Tensor, Tensor> _value;
    private readonly Module<Tensor, Tensor>? _output;
    private readonly MultiHeadAttention _attention;

    /// <param name="config">The configuration.</param>
    /// <param name="query">The family's name of the projection to queries.</param>
    /// <param name="key">That of the projection to keys.</param>
    /// <param name="value">That of the projection to values.</param>
    /// <param name="output">That of the output projection; null if there is none.</param>
    public SelfAttention(EncoderConfig config, string query = "query", string key = "key", string value = "value", string? output = null)
        : base(nameof(SelfAttention))
    {
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _query = Project(query);
        _key = Project(key);
        _value = Project(value);
        _output = output is null ? null : Project(output);
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);

        Module<Tensor, Tensor> Project(string name)
        {
            var projection = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
            register_module(name, projection);
            return projection;
        }
    }

    public override Tensor forward(Tensor hidden, PackedTokens rows)
    {
        using var scope = NewDisposeScope();
        var context = _attention.ApplyToRows(_query.call(rows.Kept(hidden)), _key.call(hidden), _value.call(hidden), rows, training, Prefix);
        return (_output is null ? context : _output.call(context)).MoveToOuterDisposeScope();
    }
}
