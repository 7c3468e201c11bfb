using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training.Progress;

/// <summary>How much the losses count whose gradients wait for an optimiser step. It stays on their device.</summary>
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

    /// <summary>What the gradients of sums have to be multiplied by, 0 if nothing counted, and begins a new window; null if there were no sums.</summary>
    public Tensor? TakeScale()
    {
        if (_count is not { } count)
            return null;
        _count = null;
        using (count)
        using (var scope = NewDisposeScope())
        {
            var none = zeros_like(count);
            return where(count.gt(none), count.reciprocal(), none).MoveToOuterDisposeScope();
        }
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

    public void Dispose() => _count?.Dispose();
}
