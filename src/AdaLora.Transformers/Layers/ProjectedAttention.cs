using AdaLora.Adapters;
using AdaLora.Internals;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Layers;

/// <summary>Multi-head attention with a projection each to queries, keys and values, and an output projection or none, under the family's names.</summary>
/// <typeparam name="TContext">What the attention takes besides hidden states.</typeparam>
internal abstract class ProjectedAttention<TContext> : PrefixableAttention<TContext>
{
    private readonly Module<Tensor, Tensor> _query;
    private readonly Module<Tensor, Tensor> _key;
    private readonly Module<Tensor, Tensor> _value;
    private readonly Module<Tensor, Tensor>? _output;
    private readonly double _queryScale;

    protected ProjectedAttention(string name, AttentionShape shape, AttentionNames names)
        : base(name)
    {
        // Marks the fields as registered: names are those of the family, and a module that contains this one would otherwise add the fields' own.
        RegisterComponents();
        _query = Project(names.Query, shape.HiddenSize, shape.InnerSize);
        _key = Project(names.Key, shape.HiddenSize, shape.InnerSize);
        _value = Project(names.Value, shape.HiddenSize, shape.InnerSize);
        _output = names.Output is { } output ? Project(output, shape.InnerSize, shape.HiddenSize) : null;
        Heads = new MultiHeadAttention(shape.Heads, shape.Dropout);
        // Scores are divided by the root of the head size anyway.
        _queryScale = shape.ScalesScores ? 1 : Math.Sqrt((double)shape.InnerSize / shape.Heads);

        Module<Tensor, Tensor> Project(string name, long inputs, long outputs)
        {
            var projection = Unfilled.Linear(inputs, outputs, shape.HasBias);
            register_module(name, projection);
            return projection;
        }
    }

    /// <summary>What is between the projections.</summary>
    protected MultiHeadAttention Heads { get; }

    /// <param name="queries">The states that queries are of.</param>
    /// <param name="states">The states that keys and values are of; possibly the same tensor.</param>
    protected (Tensor Query, Tensor Key, Tensor Value) Project(Tensor queries, Tensor states)
    {
        JointLinears.Prepare(states, ReferenceEquals(queries, states) ? [_query, _key, _value] : [_key, _value]);
        return (ToQueries(queries), Projection.Apply(_key, states), Projection.Apply(_value, states));
    }

    /// <param name="states">The states that keys and values are of.</param>
    protected (Tensor Key, Tensor Value) ToKeysAndValues(Tensor states)
    {
        JointLinears.Prepare(states, _key, _value);
        return (Projection.Apply(_key, states), Projection.Apply(_value, states));
    }

    protected Tensor ToQueries(Tensor states) => _queryScale == 1 ? Projection.Apply(_query, states) : Projection.Apply(_query, states).Mul(_queryScale);

    protected Tensor ToOutput(Tensor context) => _output is null ? context : Projection.Apply(_output, context);
}
