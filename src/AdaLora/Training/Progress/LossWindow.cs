using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training.Progress;

/// <summary>The total weight of the losses whose gradients are waiting for an optimiser step. It stays on their device.</summary>
internal sealed class LossWindow : IResumable, IDisposable
{
    private Tensor? _count;

    public void Add(Tensor count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wide = count.detach().reshape([]).to(ScalarType.Float64);
        if (_count is { } former)
        {
            _count = former.to(wide.device).Add(wide).DetachFromDisposeScope();
            former.Dispose();
        }
        else
        {
            _count = wide.clone().DetachFromDisposeScope();
        }
    }

    /// <summary>Returns the factor for the gradients of sums, 0 if the count is 0, and begins a new window; null if there were no sums.</summary>
    /// <param name="group">The processes whose losses count.</param>
    public Tensor? TakeScale(IProcessGroup group)
    {
        if (_count is not { } count)
            return null;
        _count = null;
        using (count)
        using (var scope = NewDisposeScope())
        {
            group.AllReduce(count);
            var none = zeros_like(count);
            return where(count.gt(none), count.reciprocal(), none).MoveToOuterDisposeScope();
        }
    }

    /// <summary>Adds up the weights of all processes, some of which may have none.</summary>
    public void Share(IProcessGroup group)
    {
        var (total, _) = group.Sum((_count is null ? 0 : HostRead.Scalar<double>(_count), 0));
        Clear();
        if (total > 0)
            _count = tensor(total, ScalarType.Float64, device: CPU).DetachFromDisposeScope();
    }

    public void Save(StateTable state)
    {
        if (_count is not null)
            state.Put("count", _count);
    }

    public void Resume(StateTable state)
    {
        if (state.Contains("count"))
            Add(state.Tensor("count"));
    }

    /// <summary>Forgets the losses that are waiting.</summary>
    public void Clear()
    {
        _count?.Dispose();
        _count = null;
    }

    public void Dispose() => Clear();
}
