using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>
/// Watches what layers read while a model runs. A layer's directions follow from what it has seen before and from what it reads now; layers for which both are the same object share the
/// result, so that query, key and value cost one decomposition.
/// </summary>
internal sealed class InputObserver : IDisposable
{
    private readonly List<Action> _hooks = [];
    private readonly Dictionary<string, InputDirections> _seen = new(StringComparer.Ordinal);
    private (InputDirections Before, Tensor Input, InputDirections After)? _latest;

    /// <param name="layers">The layers.</param>
    /// <param name="kept">How many directions are kept of each.</param>
    public InputObserver(IReadOnlyList<StartingLayer> layers, Func<StartingLayer, int> kept)
    {
        var none = new Dictionary<(long, int), InputDirections>();
        foreach (var layer in layers)
        {
            var key = (layer.Layer.InFeatures, kept(layer));
            if (!none.TryGetValue(key, out var start))
                none.Add(key, start = new InputDirections(key.Item2));
            _seen[layer.Name] = start;
            // Afterwards, so that the layer itself says what is wrong with an input.
            var hook = layer.Layer.Module.register_forward_hook((_, input, output) =>
            {
                See(layer, input);
                return output;
            });
            _hooks.Add(hook.remove);
        }
    }

    /// <summary>Decompositions made so far.</summary>
    public int Decompositions { get; private set; }

    /// <summary>The directions of a layer's inputs.</summary>
    public InputDirections this[string name] => _seen[name];

    /// <summary>Runs the model once, and frees what no layer needs any more.</summary>
    public void Pass(Action run)
    {
        var before = _seen.Values.ToHashSet();
        _latest = null;
        run();
        _latest = null;
        before.ExceptWith(_seen.Values);
        foreach (var old in before)
            old.Free();
    }

    /// <summary>Frees what is known.</summary>
    public void Free()
    {
        foreach (var known in _seen.Values)
            known.Free();
    }

    public void Dispose()
    {
        foreach (var remove in _hooks)
            remove();
        _hooks.Clear();
    }

    private void See(StartingLayer layer, Tensor input)
    {
        var before = _seen[layer.Name];
        if (_latest is not { } latest || !ReferenceEquals(latest.Before, before) || !ReferenceEquals(latest.Input, input))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var rows = HostRead.Copy(layer.Layer.Rows(input)).to(ScalarType.Float32);
            if (!HostRead.Scalar<bool>(rows.isfinite().all()))
                throw new InvalidOperationException($"'{layer.Name}' reads entries that are not finite; they have no principal directions.");
            latest = (before, input, before.With(rows));
            latest.After.Keep();
            Decompositions++;
        }

        _latest = latest;
        _seen[layer.Name] = latest.After;
    }
}
