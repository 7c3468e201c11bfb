using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>What the attention layers of one forward pass share; computed when the first of them asks for it.</summary>
internal sealed class DecoderPass : IDisposable
{
    private readonly Tensor? _attentionMask;
    private readonly bool _needsMask;
    private readonly bool _arePlainPositions;
    private readonly ScalarType _dtype;
    private readonly long _length;
    private readonly long _past;
    private readonly Dictionary<long, PassMask> _masks = [];
    private readonly Dictionary<RotaryEmbedding, (Tensor Cosines, Tensor Sines)> _turns = new(ReferenceEqualityComparer.Instance);

    /// <param name="inputIds">The new tokens, batch x length.</param>
    /// <param name="attentionMask">0 for padding, and for real tokens the number of their text, of the tokens in the cache too, batch x (cached + length); null for one text in each row and no
    /// padding.</param>
    /// <param name="positions">The position of each new token; null for their number within their text.</param>
    /// <param name="cache">Keys and values of the tokens before these, or null.</param>
    /// <param name="dtype">The element type of attention scores.</param>
    /// <param name="needsMask">Whether attention needs a mask.</param>
    public DecoderPass(Tensor inputIds, Tensor? attentionMask, Tensor? positions, KeyValueCache? cache, ScalarType dtype, bool needsMask)
    {
        (_attentionMask, _dtype, _needsMask, Cache) = (attentionMask, dtype, needsMask, cache);
        (_length, _past) = (inputIds.shape[1], cache?.Length ?? 0);
        _arePlainPositions = positions is null && attentionMask is null;
        using var scope = NewDisposeScope();
        Positions = (positions?.alias() ?? NumberInTexts(attentionMask, _past, _length, inputIds.device)).DetachFromDisposeScope();
    }

    /// <summary>The position of each token, batch (or 1) x length.</summary>
    public Tensor Positions { get; }

    /// <summary>Keys and values of the tokens before these, or null.</summary>
    public KeyValueCache? Cache { get; }

    /// <summary>What the decoder reads besides its own tokens, or null; the caller's.</summary>
    public EncodedTexts? Source { get; init; }

    /// <summary>What is added to scores whatever the mask, batch (or 1) x heads x length x length of the keys, or null. It is disposed with the pass.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>What keeps tokens from looking ahead, at padding, and at tokens farther back than a window.</summary>
    /// <param name="window">How many tokens each one attends to, itself included; null for all. If there is only one new token, the caller leaves out keys before the window.</param>
    public PassMask MaskFor(long? window)
    {
        // A single token looks at whatever keys it is given.
        var reach = window is { } size && size < _past + _length && _length > 1 ? size : long.MaxValue;
        if (_masks.TryGetValue(reach, out var known))
            return known;
        var hidesNothing = _attentionMask is null && reach == long.MaxValue && _length == 1;
        var isPlain = Bias is null && _attentionMask is null && !_needsMask && reach == long.MaxValue && (_past == 0 || _length == 1);
        var mask = isPlain ? new PassMask(null, _length > 1) : new PassMask(hidesNothing && Bias is not null ? Bias.alias().DetachFromDisposeScope() : Additive(reach), false);
        _masks.Add(reach, mask);
        return mask;
    }

    /// <summary>The cosines and sines of an embedding at <see cref="Positions"/>.</summary>
    public (Tensor Cosines, Tensor Sines) Turn(RotaryEmbedding rotary)
    {
        if (!_turns.TryGetValue(rotary, out var turn))
            _turns.Add(rotary, turn = rotary.At(Positions, ReadReach, _dtype));
        return turn;
    }

    public void Dispose()
    {
        Positions.Dispose();
        Bias?.Dispose();
        foreach (var mask in _masks.Values)
            mask.Additive?.Dispose();
        foreach (var (cosines, sines) in _turns.Values)
        {
            cosines.Dispose();
            sines.Dispose();
        }
    }

    // Padding has position 0.
    private static Tensor NumberInTexts(Tensor? mask, long past, long length, Device device)
    {
        if (mask is null)
            return HeldScalars.Arange(past + length, device).narrow(0, past, length).unsqueeze(0);
        var own = mask.narrow(1, past, length);
        return OfSameText(mask, own).tril(past).sum([-1]).Sub(1).mul(own.Ne(0).to(ScalarType.Int64));
    }

    // Batch x length x length of the keys.
    private static Tensor OfSameText(Tensor mask, Tensor own) => own.unsqueeze(-1).eq(mask.unsqueeze(1));

    /// <summary>
    /// The highest position, plus one. Waits for the device unless positions are simply counted. Behind a cache it is the number of columns, which is the same while the longest text is
    /// there, and must not shrink when that text ends.
    /// </summary>
    private long ReadReach()
    {
        if (_arePlainPositions || Cache is not null)
            return _past + _length;
        using var scope = NewDisposeScope();
        return HostRead.Scalar<long>(Positions.to(ScalarType.Int64).max()) + 1;
    }

    /// <summary>The least finite number where a token may not look: ahead, too far back, and at other texts and padding. Padding looks at padding, so that no row is without anything to look
    /// at.</summary>
    private Tensor Additive(long reach)
    {
        using var scope = NewDisposeScope();
        var (device, keys) = (Positions.device, _past + _length);
        var all = ones([_length, keys], ScalarType.Bool, device);
        var hidden = all.triu(_past + 1);
        if (reach < keys)
            hidden = hidden.logical_or(all.tril(_past - reach));
        hidden = hidden.unsqueeze(0);
        if (_attentionMask is not null)
            hidden = hidden.logical_or(OfSameText(_attentionMask, _attentionMask.narrow(1, _past, _length)).logical_not());
        hidden = hidden.unsqueeze(1);
        var open = Bias ?? zeros(hidden.shape, _dtype, device);
        return open.MaskedFill(hidden, AttentionMask.Lowest(_dtype)).DetachFromDisposeScope();
    }
}
