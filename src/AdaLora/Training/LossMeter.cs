using AdaLora.Serialization;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>Sums losses on their device; only reading the mean waits for it.</summary>
internal sealed class LossMeter : IResumable, IDisposable
{
    private Tensor? _sum;
    private double _before;
    private int _count;
    private double _latest = double.NaN;

    public void Add(Tensor loss)
    {
        using var frozen = no_grad();
        using var value = loss.detach();
        using var scalar = value.reshape([]);
        using var wide = scalar.to(ScalarType.Float64);
        if (_sum is null)
            _sum = wide.Add(_before).DetachFromDisposeScope();
        else
            _sum.AddInPlace(wide);
        _count++;
    }

    /// <summary>The mean since the previous reading, or the previous mean when nothing came since.</summary>
    public double ReadMean()
    {
        if (_count == 0)
            return _latest;
        _latest = Sum / _count;
        _sum?.zero_();
        (_before, _count) = (0, 0);
        return _latest;
    }

    public void Save(StateTable state)
    {
        state.Put("sum", Sum);
        state.Put("count", (long)_count);
        state.Put("latest", _latest);
    }

    public void Resume(StateTable state)
    {
        _before = state.Number("sum");
        _count = (int)state.Integer("count");
        _latest = state.Number("latest");
    }

    // Until a loss comes, nothing tells which device the sum belongs on.
    private double Sum => _sum is null ? _before : HostRead.Scalar<double>(_sum);

    public void Dispose() => _sum?.Dispose();
}
