using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// What a decoder reads: the last states of its encoder. In generation, the keys and values that each layer makes of them are kept. The layout of the tokens belongs to the scope in which the texts
/// were read: either all is done in that scope, or at least the first pass of the decoder, from which everything is kept.
/// </summary>
/// <param name="states">The last states, one row per token.</param>
/// <param name="tokens">How tokens are laid out as rows.</param>
/// <param name="keeps">Whether keys and values are kept.</param>
internal sealed class EncodedTexts(Tensor states, PackedTokens tokens, bool keeps) : IDisposable
{
    private readonly Tensor _states = states.DetachFromDisposeScope();
    private readonly List<(Tensor Keys, Tensor Values)> _layers = [];
    private Tensor? _additive = tokens.Additive?.alias().DetachFromDisposeScope();

    private int _texts = (int)tokens.Batch;

    // For each row of the decoder, the text that it reads; null for one row per text, in order.
    private int[]? _textOf;

    /// <summary>What is added to attention scores, texts x 1 x 1 x length, or null without padding.</summary>
    public Tensor? Additive => _additive;

    /// <summary>Whether libtorch's fused kernels cannot be used for these texts.</summary>
    public bool NeedsProducts => tokens.HasEmptyTexts && is_grad_enabled();

    /// <summary>The keys and values of a layer, texts x heads x length x head size. The rows of the decoder that read a text follow one another, as many for each text.</summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="project">States as rows to keys and values.</param>
    /// <param name="split">Texts x length x hidden size to heads.</param>
    public (Tensor Keys, Tensor Values) Read(int layer, Func<Tensor, (Tensor Keys, Tensor Values)> project, Func<Tensor, Tensor> split)
    {
        if (layer < _layers.Count)
            return _layers[layer];
        if (!keeps)
            return InHeads();
        if (is_grad_enabled())
            throw new InvalidOperationException("Keys and values can't be kept for a backward pass; decode step by step under no_grad.");
        using var scope = NewDisposeScope();
        var (keys, values) = InHeads();
        _layers.Add((keys.contiguous().DetachFromDisposeScope(), values.contiguous().DetachFromDisposeScope()));
        return _layers[layer];

        (Tensor Keys, Tensor Values) InHeads()
        {
            var (keys, values) = project(_states);
            return (split(tokens.ToTexts(keys)), split(tokens.ToTexts(values)));
        }
    }

    /// <summary>Goes on with these rows of the decoder, in this order; each as often as it is named. Keys and values are moved only if a text is not needed any more.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        var textOf = rows.Select(row => _textOf?[row] ?? row).ToArray();
        var texts = textOf.Distinct().ToList();
        var each = textOf.Length / texts.Count;
        // A text whose rows are not together, or are fewer than those of others, is repeated for each of them.
        if (!textOf.SequenceEqual(texts.SelectMany(text => Enumerable.Repeat(text, each))))
            (texts, each) = ([.. textOf], 1);
        _textOf = [.. Enumerable.Range(0, texts.Count).SelectMany(text => Enumerable.Repeat(text, each))];
        if (texts.SequenceEqual(Enumerable.Range(0, _texts)))
            return;
        _texts = texts.Count;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var places = PinnedCopy.To(tensor(texts.Select(text => (long)text).ToArray(), device: CPU), _states.device);
        _additive = _additive is null ? null : Chosen(_additive, places);
        for (var layer = 0; layer < _layers.Count; layer++)
            _layers[layer] = (Chosen(_layers[layer].Keys, places), Chosen(_layers[layer].Values, places));
    }

    public void Dispose()
    {
        _states.Dispose();
        _additive?.Dispose();
        foreach (var (keys, values) in _layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }

    private static Tensor Chosen(Tensor all, Tensor places)
    {
        var chosen = all.index_select(0, places).DetachFromDisposeScope();
        all.Dispose();
        return chosen;
    }
}
