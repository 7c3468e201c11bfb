using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>The most recently used dropped input, in case it is needed next. There is at most one: it is freed when another takes its place.</summary>
internal sealed class LatestDropped
{
    private readonly object _lock = new();
    private object? _owner;
    private Tensor? _tensor;

    /// <summary>What was computed for an owner, or else what is computed now.</summary>
    /// <returns>A separate tensor over the same memory, owned by the caller; do not change it.</returns>
    public Tensor Get(object owner, Func<Tensor> make)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(owner, _owner))
            {
                Clear();
                _tensor = make().DetachFromDisposeScope();
                _owner = owner;
            }

            return _tensor!.alias();
        }
    }

    /// <summary>Frees it.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _tensor?.Dispose();
            (_tensor, _owner) = (null, null);
        }
    }
}
