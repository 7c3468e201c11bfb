using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>
/// Lets the adapters of a model that read the same tensor one after another share what is dropped of it. The same tensor is the same object, and only once for every adapter: one that comes again
/// is in another forward pass, or another place of it. The object is held weakly, so that nothing lives longer for it; neither its address nor its handle would do, which are used again.
/// </summary>
internal sealed class DropoutSharing
{
    private readonly object _lock = new();
    private readonly WeakReference<Tensor?> _input = new(null);
    private readonly HashSet<object> _served = new(ReferenceEqualityComparer.Instance);
    private readonly LatestDropped _latest = new();
    private SharedDropout? _current;
    private bool _inGraph;

    /// <summary>What an adapter is to drop of its input.</summary>
    /// <param name="adapter">Who asks.</param>
    /// <param name="input">What it was called with.</param>
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

    /// <summary>Ends a forward pass: what comes next shares nothing with what was.</summary>
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
