using AdaLora.Internals;
using AdaLora.Transformers.Layers;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Generation;

/// <summary>The texts that are being generated together: a cache of keys and values with a row for each, and what of it is padding.</summary>
internal sealed class DecodingBatch : IDisposable
{
    private readonly NextTokens _next;
    private readonly KeyValueCache _cache;
    private readonly Device _device;
    private readonly long _capacity;
    private List<List<int>> _texts = [];
    private Tensor? _mask;

    /// <param name="next">What scores tokens; disposed with this.</param>
    /// <param name="maxNew">The greatest number of new tokens.</param>
    /// <param name="longest">The length of the longest prompt.</param>
    public DecodingBatch(NextTokens next, int maxNew, int longest)
    {
        (_next, _capacity, _device) = (next, longest + maxNew, next.Device);
        _cache = new KeyValueCache(_capacity);
    }

    /// <summary>Reads the prompts, padded on the left.</summary>
    /// <returns>Scores of the next token, prompts x vocabulary size, float32; the caller's.</returns>
    public Tensor Begin(IReadOnlyList<IReadOnlyList<int>> prompts)
    {
        var longest = prompts.Max(prompt => prompt.Count);
        var real = new long[prompts.Count * _capacity];
        Array.Fill(real, 1);
        for (var row = 0; row < prompts.Count; row++)
            real.AsSpan((int)(row * _capacity), longest - prompts[row].Count).Clear();
        _texts = [.. prompts.Select(prompt => Enumerable.Repeat(0, longest - prompt.Count).Concat(prompt).ToList())];
        using var scope = NewDisposeScope();
        if (prompts.Any(prompt => prompt.Count < longest))
            _mask = PinnedCopy.To(tensor(real, [prompts.Count, _capacity], device: CPU), _device).DetachFromDisposeScope();
        return Score(_texts).DetachFromDisposeScope();
    }

    /// <summary>Adds a token to every text.</summary>
    /// <returns>Scores of the next token, rows x vocabulary size, float32; the caller's.</returns>
    public Tensor Next(IReadOnlyList<int> ids)
    {
        for (var row = 0; row < ids.Count; row++)
            _texts[row].Add(ids[row]);
        using var scope = NewDisposeScope();
        if (_cache.Length != _next.AnglesChangeAfter)
            return Score(ids.Select(id => (IReadOnlyList<int>)[id])).DetachFromDisposeScope();
        // Once in the life of a batch.
        _cache.Clear();
        return Score(_texts).DetachFromDisposeScope();
    }

    /// <summary>Goes on with these rows, in this order; each as often as it is named.</summary>
    public void Keep(IReadOnlyList<int> rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _cache.Keep(rows);
        _next.Keep(rows);
        _texts = [.. rows.Select(row => _texts[row].ToList())];
        if (_mask is null)
            return;
        var before = _mask;
        _mask = before.index_select(0, PinnedCopy.To(tensor(rows.Select(row => (long)row).ToArray(), device: CPU), _device)).DetachFromDisposeScope();
        before.Dispose();
    }

    public void Dispose()
    {
        _next.Dispose();
        _cache.Dispose();
        _mask?.Dispose();
    }

    private Tensor Score(IEnumerable<IReadOnlyList<int>> rows)
    {
        using var noGrad = no_grad();
        var all = rows.ToList();
        var ids = PinnedCopy.To(tensor(all.SelectMany(row => row).Select(id => (long)id).ToArray(), [all.Count, all[0].Count], device: CPU), _device);
        return _next.Score(ids, _mask?.narrow(1, 0, _cache.Length + ids.shape[1]), _cache);
    }
}
