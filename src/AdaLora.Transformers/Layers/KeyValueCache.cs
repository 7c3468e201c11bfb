using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>Keys and values of the tokens that a decoder has seen, so that the next ones need not compute them again. Memory for the greatest number of tokens is allocated once.</summary>
/// <param name="capacity">The greatest number of tokens in a row, padding included.</param>
internal sealed class KeyValueCache(long capacity) : IDisposable
{
    private readonly List<(Tensor Keys, Tensor Values)> _layers = [];

    /// <summary>The number of tokens in a row that the cache holds.</summary>
    public long Length { get; private set; }

    /// <summary>Adds the keys and values of new tokens in one layer.</summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="keys">Batch x heads x new tokens x head size.</param>
    /// <param name="values">Batch x heads x new tokens x head size.</param>
    /// <returns>The keys and values of all tokens; parts of the cache.</returns>
    /// <exception cref="InvalidOperationException">Gradients are on, the cache is full, or the batch has a different number of rows than before.</exception>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor keys, Tensor values)
    {
        if (is_grad_enabled())
            throw new InvalidOperationException("Keys and values can't be kept for a backward pass; decode step by step under no_grad.");
        var count = Length + keys.shape[2];
        if (count > capacity)
            throw new InvalidOperationException($"The cache has room for {capacity} tokens, but {count} are needed.");
        if (layer == _layers.Count)
            _layers.Add((Room(keys), Room(values)));
        var (allKeys, allValues) = _layers[layer];
        if (allKeys.shape[0] != keys.shape[0])
            throw new InvalidOperationException($"The cache holds {allKeys.shape[0]} rows, but the batch has {keys.shape[0]}.");
        using (NewDisposeScope())
        {
            _ = allKeys.narrow(2, Length, keys.shape[2]).copy_(keys);
            _ = allValues.narrow(2, Length, keys.shape[2]).copy_(values);
        }

        return (allKeys.narrow(2, 0, count), allValues.narrow(2, 0, count));
    }

    /// <summary>The keys and values that a layer has so far; parts of the cache.</summary>
    public (Tensor Keys, Tensor Values) Of(int layer) => (_layers[layer].Keys.narrow(2, 0, Length), _layers[layer].Values.narrow(2, 0, Length));

    /// <summary>Goes on with these rows, in this order; each as often as it is named. Memory is allocated anew only if their number changes.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        for (var layer = 0; layer < _layers.Count; layer++)
        {
            var (keys, values) = _layers[layer];
            _layers[layer] = (Keep(keys, rows), Keep(values, rows));
        }
    }

    /// <summary>Forgets all tokens, but keeps the memory.</summary>
    public void Clear() => Length = 0;

    /// <summary>Counts new tokens, once all layers have added theirs.</summary>
    public void Advance(long count) => Length += count;

    public void Dispose()
    {
        foreach (var (keys, values) in _layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }

    private Tensor Keep(Tensor states, IReadOnlyList<int> rows)
    {
        var used = states.narrow(2, 0, Length);
        if (rows.Count != states.shape[0])
        {
            var kept = used.index_select(0, Numbers(rows, states.device));
            var room = Room(kept);
            _ = room.narrow(2, 0, Length).copy_(kept);
            states.Dispose();
            return room;
        }

        var moved = Enumerable.Range(0, rows.Count).Where(row => rows[row] != row).ToList();
        if (moved.Count > 0)
            _ = used.index_copy_(0, Numbers(moved, states.device), used.index_select(0, Numbers([.. moved.Select(row => rows[row])], states.device)));
        return states;
    }

    private static Tensor Numbers(IReadOnlyList<int> rows, Device device) => PinnedCopy.To(tensor(rows.Select(row => (long)row).ToArray(), device: CPU), device);

    private Tensor Room(Tensor states) => empty([states.shape[0], states.shape[1], capacity, states.shape[3]], states.dtype, states.device).DetachFromDisposeScope();
}
