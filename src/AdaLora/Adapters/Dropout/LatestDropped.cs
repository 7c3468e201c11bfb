using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>The dropped input that was needed latest, in case it is needed next. There is one at most: it is freed when another takes its place.</summary>
internal sealed class LatestDropped
{
    private readonly object _lock = new();
    private object? _owner;
    private Tensor? _tensor;

    /// <summary>What was made for an owner, or what is made now.</summary>
    /// <returns>A tensor of the caller's own over the same memory, not to be changed.</returns>
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
