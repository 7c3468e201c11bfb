using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// One parameter of an AdamW optimiser and its averages. A half-precision parameter has a single-precision copy, the master: steps are smaller than the gap between two adjacent
/// half-precision numbers, and 1e-8, the usual epsilon, rounds to 0 there. Averages have the master's precision.
/// </summary>
internal sealed class AdamSlot : IDisposable
{
    private readonly Parameter _parameter;
    private readonly AdamW.State _state;
    private IReadOnlyList<RateRun> _rates = [];
    private double _restValue = double.NaN;
    private Tensor? _rest;

    /// <param name="parameter">The parameter.</param>
    /// <param name="state">Its averages, freed by the base class.</param>
    public AdamSlot(Parameter parameter, AdamW.State state)
    {
        (_parameter, _state) = (parameter, state);
        if (parameter.dtype is not (ScalarType.Float16 or ScalarType.BFloat16))
            return;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Master = parameter.to(ScalarType.Float32).DetachFromDisposeScope();
        Take(zeros_like(Master), zeros_like(Master));
    }

    /// <summary>The parameter in single precision; null if the parameter itself is precise enough.</summary>
    public Tensor? Master { get; private set; }

    public AdamW.State State => _state;

    /// <summary>The parameter's current shape.</summary>
    public long[] Shape => _parameter.shape;

    /// <summary>Whether the rates of runs, if there are any, are those of as many entries as the parameter has.</summary>
    public bool HasRatesForAll => _rates is not [.., var last] || last.Start + last.Length == _parameter.numel();

    /// <summary>See <see cref="IRateRuns"/>.</summary>
    public void UseRates(IReadOnlyList<RateRun> runs) => _rates = runs;

    /// <summary>Performs one step with the parameter's gradient.</summary>
    /// <param name="gradient">The gradient.</param>
    /// <param name="factor">What it has to be multiplied by. It is in half precision if that is not 1.</param>
    /// <param name="options">The options in force.</param>
    /// <param name="threads">Largest number of threads.</param>
    public void Step(Tensor gradient, double factor, AdamW.Options options, int threads)
    {
        var runs = Runs(options, gradient.numel());
        var weights = Master is null ? _parameter : UpToDate(Master);
        var precise = gradient.to(weights.dtype);
        if (factor != 1)
            precise.MulInPlace(factor);
        if (HostMemory.Holds(weights) && HostMemory.Holds(_state.exp_avg) && HostMemory.Holds(_state.exp_avg_sq))
        {
            AdamKernel.Update(HostMemory.Of(weights), HostMemory.Of(precise.contiguous()), HostMemory.Of(_state.exp_avg), HostMemory.Of(_state.exp_avg_sq), runs, threads);
            // Libtorch did not see the change. An operation on zero entries counts as one, so that a backward pass through the old weights is still refused.
            weights.view(-1).narrow(0, 0, 0).zero_();
        }
        else
        {
            AdamTensors.Update(weights, precise, _state.exp_avg, _state.exp_avg_sq, Rest(1 - options.beta1!.Value, weights), runs);
        }

        if (Master is not null)
            _parameter.copy_(Master);
        _state.step++;
    }

    /// <summary>Rearranges the state that belongs to the entries of a one-dimensional parameter; all or nothing.</summary>
    /// <param name="origins">The former index of each entry, or -1.</param>
    public void Resize(Tensor origins)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        // The new entries of a master are taken from the parameter before the next step.
        Tensor[] held = Master is null ? [_state.exp_avg, _state.exp_avg_sq] : [_state.exp_avg, _state.exp_avg_sq, Master];
        Tensor[] next = [.. held.Select(tensor => BankChange.Gather(tensor, origins))];
        foreach (var (tensor, contents) in held.Zip(next))
            tensor.set_(contents);
    }

    /// <summary>Continues with other averages, which the state then owns.</summary>
    public void Take(Tensor means, Tensor squares, Tensor? master = null)
    {
        foreach (var former in (Tensor?[])[_state.exp_avg, _state.exp_avg_sq, master is null ? null : Master])
            former?.Dispose();
        (_state.exp_avg, _state.exp_avg_sq, Master) = (means.DetachFromDisposeScope(), squares.DetachFromDisposeScope(), master?.DetachFromDisposeScope() ?? Master);
    }

    private AdamRun[] Runs(AdamW.Options options, long entries) => _rates.Count == 0
        ? [new AdamRun(0, entries, AdamStep.Of(options, _state.step + 1))]
        : [.. _rates.Select(run => new AdamRun(run.Start, run.Length, AdamStep.Of(options, _state.step + 1, run.Factor)))];

    // Where the rounded entry differs from the parameter's, something else has changed that since: a checkpoint, the best weights, a loader. The parameter's value wins.
    private Tensor UpToDate(Tensor master)
    {
        master.copy_(where(master.to(_parameter.dtype).eq(_parameter), master, _parameter.to(ScalarType.Float32)));
        return master;
    }

    // Recreated only when it changes: moving a number to a device means waiting for it.
    private Tensor Rest(double value, Tensor weights)
    {
        if (_rest is not null && _restValue == value)
            return _rest;
        _rest?.Dispose();
        _restValue = value;
        return _rest = tensor(value, dtype: weights.dtype, device: weights.device).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        Master?.Dispose();
        _rest?.Dispose();
    }
}
