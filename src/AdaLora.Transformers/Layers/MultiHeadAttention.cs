using AdaLora.Adapters.Dropout;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Attention between projected queries, keys and values. Not a module: it has no weights, and layers that name their projections differently share it.</summary>
internal sealed class MultiHeadAttention(int heads, double dropout)
{
    /// <param name="query">Batch x length x hidden size.</param>
    /// <param name="key">Batch x length x hidden size.</param>
    /// <param name="value">Batch x length x hidden size.</param>
    /// <param name="mask">Added to the scores; must broadcast to batch x heads x length x length.</param>
    /// <param name="training">Whether attention weights are dropped.</param>
    /// <param name="prefix">Keys and values in front of those of every text, or null.</param>
    /// <param name="hasEmptyTexts">Whether the mask leaves some queries without any key.</param>
    /// <returns>Batch x length x hidden size.</returns>
    public Tensor Apply(Tensor query, Tensor key, Tensor value, Tensor? mask, bool training, AttentionPrefix? prefix, bool hasEmptyTexts = false)
    {
        using var scope = NewDisposeScope();
        if (prefix is not null)
            (key, value, mask) = (prefix.BeforeKeys(key), prefix.BeforeValues(value), prefix.BeforeMask(mask));
        // libtorch's fused backward pass recomputes the weights as exp(score - logsumexp). Next to scores of the lowest finite number, the logarithm of the number of keys is lost, and each
        // weight is 1 instead of 1 / keys.
        var needsProducts = hasEmptyTexts && prefix is null && is_grad_enabled();
        return Join(Attend(Split(query), Split(key), Split(value), mask, training, needsProducts: needsProducts)).MoveToOuterDisposeScope();
    }

    /// <summary>The same between heads.</summary>
    /// <param name="query">Batch x heads x length x head size.</param>
    /// <param name="key">Batch x heads x length of the keys x head size.</param>
    /// <param name="value">Batch x heads x length of the keys x head size.</param>
    /// <param name="mask">Added to the scores; must broadcast to batch x heads x length x length of the keys.</param>
    /// <param name="training">Whether attention weights are dropped.</param>
    /// <param name="isCausal">Whether each query attends only to the keys up to its own place; without a mask, and without dropout on a CPU.</param>
    /// <param name="needsProducts">Whether libtorch's fused kernels can't be used.</param>
    /// <returns>Batch x heads x length x head size.</returns>
    public Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? mask, bool training, bool isCausal = false, bool needsProducts = false)
    {
        using var scope = NewDisposeScope();
        var rate = training ? dropout : 0;
        // The fused kernels give a mask no gradient.
        var context = needsProducts || mask is { requires_grad: true } || (rate > 0 && query.device_type == TorchSharp.DeviceType.CPU)
            ? ApplyByProducts(query, key, value, mask, rate)
            : nn.functional.scaled_dot_product_attention(query, key, value, mask, rate, isCausal);
        return context.MoveToOuterDisposeScope();
    }

    /// <summary>The same between rows, with their additive mask.</summary>
    /// <param name="query">Kept rows x hidden size.</param>
    /// <param name="key">Rows x hidden size.</param>
    /// <param name="value">Rows x hidden size.</param>
    /// <param name="rows">How tokens are laid out as rows.</param>
    /// <param name="training">Whether attention weights are dropped.</param>
    /// <param name="prefix">Keys and values in front of those of every text, or null.</param>
    /// <returns>Kept rows x hidden size.</returns>
    public Tensor ApplyToRows(Tensor query, Tensor key, Tensor value, PackedTokens rows, bool training, AttentionPrefix? prefix)
    {
        using var scope = NewDisposeScope();
        var context = Apply(rows.ToQueries(query), rows.ToTexts(key), rows.ToTexts(value), rows.Additive, training, prefix, rows.HasEmptyTexts);
        return rows.FromQueries(context).MoveToOuterDisposeScope();
    }

    // With dropout libtorch's CPU kernels fall back to the same products and draw their masks on one thread.
    private static Tensor ApplyByProducts(Tensor query, Tensor key, Tensor value, Tensor? mask, double rate)
    {
        var (rows, length, size, keys) = (query.shape[0] * query.shape[1], query.shape[2], query.shape[3], key.shape[2]);
        var scores = query.Div(Math.Sqrt(size)).reshape(rows, length, size).bmm(key.reshape(rows, keys, size).transpose(1, 2)).view(query.shape[0], query.shape[1], length, keys);
        var weights = FastDropout.Apply((mask is null ? scores : scores.Add(mask)).softmax(-1), rate);
        return weights.view(rows, length, keys).bmm(value.reshape(rows, keys, size)).view(query.shape);
    }

    /// <summary>Batch x length x hidden size to batch x heads x length x head size.</summary>
    public Tensor Split(Tensor states)
    {
        using var scope = NewDisposeScope();
        return states.view(states.size(0), states.size(1), heads, states.size(2) / heads).transpose(1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>Batch x heads x length x head size to batch x length x hidden size.</summary>
    public static Tensor Join(Tensor context)
    {
        using var scope = NewDisposeScope();
        return context.transpose(1, 2).reshape(context.size(0), context.size(2), context.size(1) * context.size(3)).MoveToOuterDisposeScope();
    }
}
