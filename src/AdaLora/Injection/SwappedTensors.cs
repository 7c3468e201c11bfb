using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>Tensors of a model with two alternating contents.</summary>
internal sealed class SwappedTensors : IDisposable
{
    private readonly IReadOnlyList<(Tensor Live, Tensor Other)> _pairs;

    /// <summary>Sets both contents to the tensors' current values.</summary>
    public SwappedTensors(IEnumerable<Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _pairs = [.. tensors.DistinctBy(t => t.Handle).Select(t => (t, t.detach().clone().DetachFromDisposeScope()))];
    }

    public void Swap()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (live, other) in _pairs)
        {
            var kept = live.detach().clone();
            live.copy_(other);
            other.copy_(kept);
        }
    }

    public void Dispose()
    {
        foreach (var (_, other) in _pairs)
            other.Dispose();
    }
}
