using AdaLora.Serialization;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Sums losses on their device; only reading the mean waits for it.</summary>
internal sealed class LossMeter : IResumable, IDisposable
{
    private Tensor? _sum;
    private int _count;
    private double _latest = double.NaN;

    public void Add(Tensor loss)
    {
        using var frozen = no_grad();
        using var value = loss.detach();
        using var scalar = value.reshape([]);
        using var wide = scalar.to(ScalarType.Float64);
        if (_sum is null)
            _sum = wide.clone().DetachFromDisposeScope();
        else
            _sum.add_(wide);
        _count++;
    }

    /// <summary>The mean since the previous reading, or the previous mean when nothing came since.</summary>
    public double ReadMean()
    {
        if (_count == 0 || _sum is null)
            return _latest;
        _latest = _sum.item<double>() / _count;
        _sum.zero_();
        _count = 0;
        return _latest;
    }

    public void Save(StateTable state)
    {
        state.Put("sum", _sum is null ? 0 : _sum.item<double>());
        state.Put("count", (long)_count);
        state.Put("latest", _latest);
    }

    public void Resume(StateTable state)
    {
        _sum = tensor(state.Number("sum"), dtype: ScalarType.Float64).DetachFromDisposeScope();
        _count = (int)state.Integer("count");
        _latest = state.Number("latest");
    }

    public void Dispose() => _sum?.Dispose();
}
