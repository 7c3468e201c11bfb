using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// How the tokens of a batch are laid out as rows, (rows, hidden size), which is what all layers but attention work on. In the simplest form, every place of every text has a row. When only the
/// first token's state will be read, most places of padding have none, and the last layer computes nothing but the first tokens: what nobody reads costs nothing.
/// </summary>
internal sealed class PackedTokens : ITokenContext
{
    /// <summary>Some padding is kept so that the number of rows is a multiple of this: oneDNN compiles code for each number of rows that it meets and keeps it, half a megabyte each time.</summary>
    public const int Step = 16;

    private readonly Tensor? _places;
    private readonly Tensor? _firsts;
    private readonly bool _firstsSuffice;

    private PackedTokens(long batch, long length, Tensor? mask, Tensor? additive, Tensor? places, Tensor? firsts, bool firstsSuffice, bool onlyFirsts)
    {
        (Batch, Length, Mask, Additive, _places, _firsts) = (batch, length, mask, additive, places, firsts);
        (_firstsSuffice, OnlyFirsts) = (firstsSuffice, onlyFirsts);
    }

    /// <inheritdoc/>
    public PackedTokens Rows => this;

    /// <summary>The number of texts.</summary>
    public long Batch { get; }

    /// <summary>Tokens of every text, padding included.</summary>
    public long Length { get; }

    /// <summary>1 at real tokens and 0 at padding, batch x length, or null without padding.</summary>
    public Tensor? Mask { get; }

    /// <summary>What is added to attention scores, batch x 1 x 1 x length, or null without padding.</summary>
    public Tensor? Additive { get; }

    /// <summary>Whether texts are known to be nothing but padding. Only on a CPU; elsewhere finding out would mean waiting for the device.</summary>
    public bool HasEmptyTexts { get; private init; }

    /// <summary>Whether only the first tokens are computed.</summary>
    public bool OnlyFirsts { get; }

    /// <summary>Whether places of padding have no row, but for fewer than <see cref="Step"/> of them.</summary>
    public bool IsPacked => _places is not null;

    /// <summary>A row for every place.</summary>
    /// <param name="embedded">Batch x length x hidden size.</param>
    /// <param name="mask">1 at real tokens and 0 at padding, batch x length, or null.</param>
    public static PackedTokens OfAll(Tensor embedded, Tensor? mask) => Whole(embedded, mask, mask is null ? null : RealPlaces(mask), firstsSuffice: false);

    /// <summary>
    /// Rows for computing the last states of first tokens only. Padding is left out where the host knows it: on a CPU, and on a device if the mask comes from a <c>TokenBatch</c>; otherwise
    /// finding it would mean waiting for the device.
    /// </summary>
    /// <param name="embedded">Batch x length x hidden size.</param>
    /// <param name="mask">1 at real tokens and 0 at padding, batch x length, or null.</param>
    public static PackedTokens ForFirsts(Tensor embedded, Tensor? mask) =>
        mask is null || RealPlaces(mask) is not { } isReal
            ? Whole(embedded, mask, null, firstsSuffice: true)
            // A text that begins with padding reads the state of padding: nothing may be left out then.
            : isReal.Chunk((int)mask.shape[1]).All(text => text[0]) ? Packed(embedded, mask, isReal, firstsSuffice: true) : Whole(embedded, mask, isReal, firstsSuffice: true);

    /// <summary>Rows for computing the states of real tokens only. Padding is left out where the host knows it, as for first tokens.</summary>
    /// <param name="embedded">Batch x length x hidden size.</param>
    /// <param name="mask">1 at real tokens and 0 at padding, batch x length, or null.</param>
    public static PackedTokens OfReal(Tensor embedded, Tensor? mask) =>
        mask is null || RealPlaces(mask) is not { } isReal
            ? Whole(embedded, mask, null, firstsSuffice: false)
            : isReal.Chunk((int)mask.shape[1]).All(text => text.Contains(true)) ? Packed(embedded, mask, isReal, firstsSuffice: false) : Whole(embedded, mask, isReal, firstsSuffice: false);

    /// <summary>The same rows with something more that is added to attention scores, 1 x heads x length x length.</summary>
    public PackedTokens WithBias(Tensor bias) =>
        new(Batch, Length, Mask, Additive is null ? bias : bias.Add(Additive), _places, _firsts, _firstsSuffice, OnlyFirsts) { HasEmptyTexts = HasEmptyTexts };

    /// <summary>What the last layer works on.</summary>
    public PackedTokens AtLastLayer() => _firstsSuffice ? new PackedTokens(Batch, Length, Mask, Additive, _places, _firsts, true, onlyFirsts: true) { HasEmptyTexts = HasEmptyTexts } : this;

    /// <summary>Batch x length x hidden size to rows x hidden size.</summary>
    public Tensor FromTexts(Tensor texts)
    {
        var all = texts.reshape(Batch * Length, texts.shape[2]);
        return _places is null ? all : all.index_select(0, _places);
    }

    /// <summary>Rows x hidden size to batch x length x hidden size, 0 where there is no row.</summary>
    public Tensor ToTexts(Tensor rows)
    {
        var size = rows.shape[1];
        return (_places is null ? rows : rows.new_zeros(Batch * Length, size).index_copy(0, _places, rows)).view(Batch, Length, size);
    }

    /// <summary>The rows that are computed further: the tensor itself, or the rows of the first tokens.</summary>
    public Tensor Kept(Tensor rows)
    {
        if (!OnlyFirsts)
            return rows;
        return _firsts is null ? rows.view(Batch, Length, rows.shape[1]).select(1, 0) : rows.index_select(0, _firsts);
    }

    /// <summary>Kept rows as queries of attention, batch x queries x hidden size.</summary>
    public Tensor ToQueries(Tensor kept) => OnlyFirsts ? kept.unsqueeze(1) : ToTexts(kept);

    /// <summary>The attention's output for the queries, as rows again.</summary>
    public Tensor FromQueries(Tensor context) => OnlyFirsts ? context.squeeze(1) : FromTexts(context);

    private static PackedTokens Packed(Tensor embedded, Tensor mask, bool[] isReal, bool firstsSuffice)
    {
        var length = (int)mask.shape[1];
        var places = new List<long>(isReal.Length);
        var padding = new List<long>();
        var firsts = new List<long>();
        for (var place = 0; place < isReal.Length; place++)
        {
            if (place % length == 0)
                firsts.Add(places.Count);
            (isReal[place] ? places : padding).Add(place);
        }

        if (padding.Count == 0)
            return Whole(embedded, null, null, firstsSuffice);
        var filling = (Step - (places.Count % Step)) % Step;
        if (filling >= padding.Count)
            return Whole(embedded, mask, isReal, firstsSuffice);
        places.AddRange(padding.Take(filling));
        var (rows, firstRows) = (PinnedCopy.To(tensor(places, device: CPU), mask.device), PinnedCopy.To(tensor(firsts, device: CPU), mask.device));
        return new PackedTokens(firsts.Count, length, mask, AttentionMask.ToAdditive(mask, embedded.dtype), rows, firstRows, firstsSuffice, onlyFirsts: false);
    }

    // The places of real tokens are null if the host does not know them, or must not look.
    private static PackedTokens Whole(Tensor embedded, Tensor? mask, bool[]? isReal, bool firstsSuffice)
    {
        var additive = mask is null ? null : AttentionMask.ToAdditive(mask, embedded.dtype);
        return new PackedTokens(embedded.shape[0], embedded.shape[1], mask, additive, null, null, firstsSuffice, onlyFirsts: false)
        {
            HasEmptyTexts = isReal?.Chunk((int)embedded.shape[1]).Any(text => !text.Contains(true)) == true,
        };
    }

    // Null where the host does not know.
    private static bool[]? RealPlaces(Tensor mask)
    {
        if (mask.device_type != TorchSharp.DeviceType.CPU)
            return KnownMask.Of(mask) is { } known ? Array.ConvertAll(known, value => value != 0) : null;
        using var real = mask.Ne(0);
#pragma warning disable RS0030 // The mask is in the host's memory: nothing is waited for.
        return real.data<bool>().ToArray();
#pragma warning restore RS0030
    }
}
