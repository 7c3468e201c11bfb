using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Smooths the sensitivity s = abs(w·g) of every entry of every triplet, and its variation (equations 9 and 10 of the paper):
/// I := b1 I + (1 - b1) s, then U := b2 U + (1 - b2) abs(s - I) with the new I.
/// A handful of in-place operations covers the whole model; nothing is read back to the host.
/// </summary>
internal sealed class ImportanceTracker : IBankFollower, IDisposable
{
    private BankLayout _layout;
    private readonly Tensor _sensitivityWeight;
    private readonly Tensor _uncertaintyWeight;
    private readonly Tensor _rejected;
    private readonly bool _squaresGradients;

    /// <summary>Creates a tracker whose averages start at 0.</summary>
    /// <param name="bank">The triplets to track; the averages use its layout, dtype and device.</param>
    /// <param name="beta1">b1, smoothing of the sensitivity, in [0, 1).</param>
    /// <param name="beta2">b2, smoothing of the uncertainty, in [0, 1).</param>
    /// <param name="squaresGradients">Whether s is g², not abs(w·g).</param>
    /// <exception cref="ArgumentOutOfRangeException">A factor is outside [0, 1).</exception>
    public ImportanceTracker(TripletBank bank, double beta1 = 0.85, double beta2 = 0.85, bool squaresGradients = false)
    {
        ArgumentNullException.ThrowIfNull(bank);
        if (beta1 is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(beta1), beta1, "The smoothing factor must lie in [0, 1).");
        if (beta2 is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(beta2), beta2, "The smoothing factor must lie in [0, 1).");

        _layout = bank.Layout;
        _squaresGradients = squaresGradients;
        Sensitivity = bank.Gradients.new_zeros(_layout.Elements).DetachFromDisposeScope();
        Uncertainty = bank.Gradients.new_zeros(_layout.Elements).DetachFromDisposeScope();
        _sensitivityWeight = tensor(1 - beta1, dtype: bank.Gradients.dtype, device: bank.Gradients.device).DetachFromDisposeScope();
        _uncertaintyWeight = tensor(1 - beta2, dtype: bank.Gradients.dtype, device: bank.Gradients.device).DetachFromDisposeScope();
        _rejected = zeros([], dtype: ScalarType.Int64, device: bank.Gradients.device).DetachFromDisposeScope();
    }

    /// <summary>I of every entry, (elements). Do not change.</summary>
    public Tensor Sensitivity { get; }

    /// <summary>U of every entry, (elements). Do not change.</summary>
    public Tensor Uncertainty { get; }

    /// <summary>Number of updates offered, including rejected ones.</summary>
    public long Updates { get; private set; }

    /// <summary>
    /// Adds one step's weights and gradients to the averages. If <paramref name="finite"/> is false, the averages stay exactly as they are and the update is counted
    /// as rejected: a single infinite gradient would otherwise leave its triplet with a NaN score forever.
    /// </summary>
    /// <param name="values">The weights w, (elements).</param>
    /// <param name="gradients">The gradients g of the same step, (elements).</param>
    /// <param name="finite">Whether all gradients are finite, a boolean scalar on the device.</param>
    /// <exception cref="ArgumentException">A tensor differs in shape from the bank, or <paramref name="finite"/> is not a single value.</exception>
    public void Update(Tensor values, Tensor gradients, Tensor finite)
    {
        _layout.Require(values, nameof(values));
        _layout.Require(gradients, nameof(gradients));
        ArgumentNullException.ThrowIfNull(finite);
        if (finite.NumberOfElements != 1)
            throw new ArgumentException($"One value is needed, not {finite.NumberOfElements}.", nameof(finite));
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _rejected.AddInPlace(finite.logical_not());
        Updates++;
        if (_squaresGradients)
            values = gradients;
        var accept = finite.to(Sensitivity.dtype);
        var change = values.mul(gradients).abs_().nan_to_num_(0, 0, 0);
        Sensitivity.lerp_(change, _sensitivityWeight.mul(accept));
        Uncertainty.lerp_(change.sub_(Sensitivity).abs_(), _uncertaintyWeight.mul(accept));
    }

    /// <summary>The state that scores are computed from.</summary>
    /// <param name="values">The weights, (elements).</param>
    /// <exception cref="ArgumentException">Their shape differs from the bank's.</exception>
    public ImportanceState StateFor(Tensor values)
    {
        _layout.Require(values, nameof(values));
        return new ImportanceState(_layout, values, Sensitivity, Uncertainty);
    }

    /// <summary>Number of updates rejected because a gradient was not finite. Reads one number from the device.</summary>
    public long ReadRejected() => HostRead.Scalar<long>(_rejected);

    /// <summary>Number of updates rejected, an int64 scalar on the device.</summary>
    internal Tensor Rejected => _rejected;

    /// <summary>Adds steps to a change that restore the averages of another moment, whose layout was that of the change.</summary>
    /// <exception cref="InvalidDataException">Their size is different.</exception>
    internal void Resume(BankChange change, Tensor sensitivity, Tensor uncertainty, Transition steps)
    {
        foreach (var (target, source) in (ReadOnlySpan<(Tensor, Tensor)>)[(Sensitivity, sensitivity), (Uncertainty, uncertainty)])
        {
            if (source.numel() != change.Layout.Elements)
                throw new InvalidDataException($"There are {source.numel()} averages of the importance; {change.Layout.Elements} are needed.");
            steps.Exchange(target, source.to(target.dtype, target.device, copy: true));
        }
    }

    /// <summary>Continues from the counts of another tracker.</summary>
    internal void Resume(Tensor rejected, long updates)
    {
        _rejected.copy_(rejected);
        Updates = updates;
    }

    void IBankFollower.Follow(BankChange change, Transition steps)
    {
        steps.Exchange(Sensitivity, change.Gather(Sensitivity));
        steps.Exchange(Uncertainty, change.Gather(Uncertainty));
        steps.Add(() => _layout = change.Layout, () => _layout = change.Former);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in (Tensor[])[Sensitivity, Uncertainty, _sensitivityWeight, _uncertaintyWeight, _rejected])
            tensor.Dispose();
    }
}
