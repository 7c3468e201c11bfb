using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Copies of some parameters and buffers.</summary>
internal sealed class TensorSnapshot : IWeightSnapshot
{
    private readonly IReadOnlyList<(string Name, Tensor Live, Tensor Copy)> _copies;

    /// <summary>Copies the tensors as they are.</summary>
    public TensorSnapshot(IEnumerable<(string Name, Tensor Live)> tensors)
        : this(tensors, t => t.Live)
    {
    }

    /// <summary>Takes the copies from a table.</summary>
    public TensorSnapshot(IEnumerable<(string Name, Tensor Live)> tensors, StateTable state)
        : this(tensors, t => state.Tensor(t.Name))
    {
    }

    private TensorSnapshot(IEnumerable<(string Name, Tensor Live)> tensors, Func<(string Name, Tensor Live), Tensor> source)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        _copies = [.. tensors.Select(t => (t.Name, t.Live, source(t).detach().to(t.Live.device, copy: true).DetachFromDisposeScope()))];
    }

    public void Restore()
    {
        using var frozen = no_grad();
        foreach (var (_, live, copy) in _copies)
            live.copy_(copy);
    }

    public void Save(StateTable state)
    {
        foreach (var (name, _, copy) in _copies)
            state.Put(name, copy);
    }

    public void Dispose()
    {
        foreach (var (_, _, copy) in _copies)
            copy.Dispose();
    }
}
