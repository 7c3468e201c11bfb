using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>
/// Lets adapters of a model that read the same tensor one after another share its dropout. The same tensor means the same object, and only once per adapter: an adapter called again
/// is in another forward pass, or elsewhere in the same one. The object is held weakly, so that this does not extend any lifetime; its address or handle would not do, since those are reused.
/// </summary>
internal sealed class DropoutSharing
{
    private readonly object _lock = new();
    private readonly WeakReference<Tensor?> _input = new(null);
    private readonly HashSet<object> _served = new(ReferenceEqualityComparer.Instance);
    private readonly LatestDropped _latest = new();
    private SharedDropout? _current;
    private bool _inGraph;

    /// <summary>The dropout for an adapter's input.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="input">Its input.</param>
    /// <param name="rate">In (0, 1), the same for all adapters.</param>
    public SharedDropout For(object adapter, Tensor input, double rate)
    {
        lock (_lock)
        {
            if (_current is { IsOver: false } current && _inGraph == is_grad_enabled() && _input.TryGetTarget(out var latest) && ReferenceEquals(latest, input) && _served.Add(adapter))
                return current;
            Forget();
            _input.SetTarget(input);
            _ = _served.Add(adapter);
            _inGraph = is_grad_enabled();
            return _current = new SharedDropout(rate, _latest);
        }
    }

    /// <summary>Ends a forward pass: what comes next shares nothing with what came before.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _latest.Clear();
            _current = null;
            _served.Clear();
            _input.SetTarget(null);
        }
    }
}
