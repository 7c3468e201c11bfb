using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>What the attention layers of one forward pass share.</summary>
internal sealed class DecoderPass
{
    private DecoderPass(Tensor positions, Tensor? mask, bool isCausal, KeyValueCache? cache) => (Positions, Mask, IsCausal, Cache) = (positions, mask, isCausal, cache);

    /// <summary>The position of each token, batch (or 1) x length.</summary>
    public Tensor Positions { get; }

    /// <summary>What is added to attention scores, batch (or 1) x 1 x length x length of the keys; null for nothing besides <see cref="IsCausal"/>.</summary>
    public Tensor? Mask { get; }

    /// <summary>Whether attention must itself keep tokens from looking ahead.</summary>
    public bool IsCausal { get; }

    /// <summary>Keys and values of the tokens before these, or null.</summary>
    public KeyValueCache? Cache { get; }

    /// <param name="inputIds">The new tokens, batch x length.</param>
    /// <param name="attentionMask">1 for real tokens and 0 for padding, of the tokens in the cache too, batch x (cached + length); null for no padding.</param>
    /// <param name="positions">The position of each new token; null for their number among the real tokens of their row.</param>
    /// <param name="cache">Keys and values of the tokens before these, or null.</param>
    /// <param name="dtype">The element type of attention scores.</param>
    /// <param name="needsMask">Whether attention needs a mask.</param>
    public static DecoderPass Of(Tensor inputIds, Tensor? attentionMask, Tensor? positions, KeyValueCache? cache, ScalarType dtype, bool needsMask)
    {
        using var scope = NewDisposeScope();
        var (length, past) = (inputIds.shape[1], cache?.Length ?? 0);
        var numbered = positions?.alias() ?? NumberReal(attentionMask, past, length, inputIds.device);
        var isPlain = attentionMask is null && !needsMask && (past == 0 || length == 1);
        var mask = isPlain ? null : Additive(attentionMask, length, past + length, dtype, inputIds.device);
        return new DecoderPass(numbered.MoveToOuterDisposeScope(), mask?.MoveToOuterDisposeScope(), isPlain && length > 1, cache);
    }

    // Padding before a text does not count.
    private static Tensor NumberReal(Tensor? mask, long past, long length, Device device) => mask is null
        ? HeldScalars.Arange(past + length, device).narrow(0, past, length).unsqueeze(0)
        : mask.to(ScalarType.Int64).cumsum(1).Sub(1).Clamp(0, long.MaxValue).narrow(1, past, length);

    /// <summary>The least finite number where a token may not look: ahead, and at padding. Padding looks at itself, so that there is no row without anything to look at.</summary>
    private static Tensor Additive(Tensor? mask, long queries, long keys, ScalarType dtype, Device device)
    {
        var all = ones([queries, keys], ScalarType.Bool, device);
        var hidden = all.triu(keys - queries + 1).unsqueeze(0);
        if (mask is not null)
            hidden = hidden.logical_or(mask.Eq(0).unsqueeze(1).logical_and(all.triu(keys - queries).tril(keys - queries).logical_not()));
        hidden = hidden.unsqueeze(1);
        return zeros(hidden.shape, dtype, device).MaskedFill(hidden, AttentionMask.Lowest(dtype));
    }
}
