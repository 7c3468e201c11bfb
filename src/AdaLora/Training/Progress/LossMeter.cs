using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Safetensors;
using AdaLora.Training.Checkpoints;
using static TorchSharp.torch;

namespace AdaLora.Training.Progress;

/// <summary>Sums losses and their weights on their device; only reading the mean waits for it.</summary>
internal sealed class LossMeter : IResumable, IDisposable
{
    // Sum and count, (2).
    private Tensor? _sums;
    private Tensor? _one;
    private (double Sum, double Count) _before;
    private double _latest = double.NaN;

    /// <param name="loss">A loss, or a sum of losses.</param>
    /// <param name="count">Its weight; null for a single loss, which counts as 1.</param>
    public void Add(Tensor loss, Tensor? count = null)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var wide = loss.detach().reshape([]).to(ScalarType.Float64);
        _one ??= ones([], ScalarType.Float64, wide.device).DetachFromDisposeScope();
        var both = stack([wide, count?.detach().reshape([]).to(ScalarType.Float64, wide.device) ?? _one]);
        if (_sums is null)
            _sums = both.Add(tensor([_before.Sum, _before.Count], ScalarType.Float64, both.device)).DetachFromDisposeScope();
        else
            _sums.AddInPlace(both);
    }

    /// <summary>The mean since the previous reading, or the previous mean if there were no losses since.</summary>
    /// <param name="group">The processes whose losses count.</param>
    public double ReadMean(IProcessGroup group)
    {
        var (sum, count) = group.Sum(ReadSums());
        if (count == 0)
            return _latest;
        _latest = sum / count;
        _sums?.zero_();
        _before = default;
        return _latest;
    }

    /// <summary>Moves the losses of all processes to the first one, whose checkpoint then holds them.</summary>
    public void Collect(IProcessGroup group)
    {
        if (group.Size == 1)
            return;
        var all = group.Sum(ReadSums());
        Clear();
        if (group.Rank == 0)
            _before = all;
    }

    /// <summary>Forgets the losses since the previous reading.</summary>
    public void Clear()
    {
        _sums?.Dispose();
        (_sums, _before) = (null, default);
    }

    public void Save(StateTable state)
    {
        var (sum, count) = ReadSums();
        state.Put("sum", sum);
        state.Put("count", count);
        state.Put("latest", _latest);
    }

    public void Resume(StateTable state)
    {
        _before = (state.Number("sum"), state.Number("count"));
        _latest = state.Number("latest");
    }

    // Until there is a loss, it is unknown which device the sums belong on.
    private (double Sum, double Count) ReadSums() => _sums is null ? _before : HostRead.Values<double>(_sums) is [var sum, var count] ? (sum, count) : default;

    public void Dispose()
    {
        _sums?.Dispose();
        _one?.Dispose();
    }
}
