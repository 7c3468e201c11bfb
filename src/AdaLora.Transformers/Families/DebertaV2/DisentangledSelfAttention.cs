using AdaLora.Adapters;
using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Families.DebertaV2;

/// <summary>
/// Attention whose scores are the sum of content to content, content to position and position to content (He et al., 2021), each divided by
/// sqrt(head size x number of terms).
/// </summary>
internal sealed class DisentangledSelfAttention : PrefixableAttention<AttentionContext>
{
    [ComponentName(Name = "query_proj")]
    private readonly Module<Tensor, Tensor> _query;

    [ComponentName(Name = "key_proj")]
    private readonly Module<Tensor, Tensor> _key;

    [ComponentName(Name = "value_proj")]
    private readonly Module<Tensor, Tensor> _value;

    [ComponentName(Name = "pos_key_proj")]
    private readonly Module<Tensor, Tensor>? _positionKey;

    [ComponentName(Name = "pos_query_proj")]
    private readonly Module<Tensor, Tensor>? _positionQuery;

    [ComponentName(Name = "pos_dropout")]
    private readonly Module<Tensor, Tensor> _positionDropout;

    private readonly MultiHeadAttention _attention;
    private readonly DebertaV2Config _config;
    private readonly double _scale;
    private readonly double _headRoot;
    private readonly int _heads;

    public DisentangledSelfAttention(DebertaV2Config config)
        : base(nameof(DisentangledSelfAttention))
    {
        _query = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _key = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _value = Unfilled.Linear(config.HiddenSize, config.HiddenSize);
        _positionKey = config.ContentToPosition && !config.SharesProjections ? Unfilled.Linear(config.HiddenSize, config.HiddenSize) : null;
        _positionQuery = config.PositionToContent && !config.SharesProjections ? Unfilled.Linear(config.HiddenSize, config.HiddenSize) : null;
        _positionDropout = new Dropout(config.HiddenDropout);
        _attention = new MultiHeadAttention(config.Heads, config.AttentionDropout);
        _config = config;
        _heads = config.Heads;
        var terms = 1 + (config.ContentToPosition ? 1 : 0) + (config.PositionToContent ? 1 : 0);
        var headSize = (double)config.HiddenSize / config.Heads;
        // The published code takes this root in single precision whatever the dtype of the model.
        _scale = 1 / (double)(float)Math.Sqrt(headSize * terms);
        _headRoot = Math.Sqrt(headSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, AttentionContext context)
    {
        using var scope = NewDisposeScope();
        var rows = context.Rows;
        var kept = rows.Kept(hidden);
        JointLinears.Prepare(hidden, ReferenceEquals(kept, hidden) ? [_query, _key, _value] : [_key, _value]);
        var query = _query.call(kept);
        // Scores of padding are constant in the published code: no gradient may flow back to what padding attends to, which a loss over all tokens reads.
        if (context.Real is { } real)
            query *= real;
        query = rows.ToQueries(query);
        var key = rows.ToTexts(_key.call(hidden));
        // Before the terms, so that all three projections of the hidden states come one after the other and may share a dropout mask.
        var value = rows.ToTexts(_value.call(hidden));
        var bias = AddTerms(query, key, context);
        // scaled_dot_product_attention divides by sqrt(head size) itself.
        var attended = _attention.Apply(query.Mul(_scale * _headRoot), key, value, bias, training, Prefix);
        return rows.FromQueries(attended).MoveToOuterDisposeScope();
    }

    private Tensor? AddTerms(Tensor query, Tensor key, AttentionContext context)
    {
        Tensor? bias = null;
        if (context.Embeddings is not null)
        {
            var embeddings = _positionDropout.call(context.Embeddings);
            if (_config is { ContentToPosition: true, PositionToContent: true })
                JointLinears.Prepare(embeddings, _positionKey ?? _key, _positionQuery ?? _query);
            if (_config.ContentToPosition)
                bias = Gather(query, (_positionKey ?? _key).call(embeddings).Mul(_scale), context.ContentToPosition!);
            if (_config.PositionToContent)
            {
                var fromPositions = Gather(key, (_positionQuery ?? _query).call(embeddings).Mul(_scale), context.PositionToContent!).transpose(-1, -2);
                bias = bias is null ? fromPositions : bias.Add(fromPositions);
            }
        }

        if (context.Masked is not { } masked)
            return bias;
        var lowest = AttentionMask.Lowest(query.dtype);
        bias = bias is null ? zeros(masked.shape, query.dtype, query.device).MaskedFill(masked, lowest) : bias.MaskedFill(masked, lowest);
        // Padding as a query weighs all keys alike. Its queries are 0, so scores of 0 have the same effect as the lowest number, with which libtorch's fused attention loses the gradient;
        // see MultiHeadAttention.
        return Prefix is null ? bias.MaskedFill(masked.all(-1, true), 0) : bias;
    }

    /// <summary>
    /// Products of every content vector (batch x contents x hidden size) with every position vector (rows x hidden size), of which <paramref name="index"/> picks one per pair of
    /// places, of contents and of others: batch x heads x contents x others. Position vectors are the same for every text, so they are multiplied per head with all texts at once.
    /// </summary>
    private Tensor Gather(Tensor content, Tensor positions, Tensor index)
    {
        var (batch, length, rows, size) = (content.shape[0], content.shape[1], positions.shape[0], content.shape[2] / _heads);
        var perHead = content.reshape(batch * length, _heads, size).transpose(0, 1);
        var products = perHead.bmm(positions.view(rows, _heads, size).permute(1, 2, 0));
        var picked = products.view(_heads, batch, length, rows).gather(-1, index.unsqueeze(0).unsqueeze(0).expand(_heads, batch, -1, -1));
        return picked.transpose(0, 1);
    }
}
