using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Keeps P and Q close to orthogonal. Its gradient is written in closed form straight into the bank's gradients, without an autograd graph and independently of the loss:
/// 2 (C/norm(C)) Q / 2n for <see cref="OrthogonalityForm.MeanNorm"/> (0 where the norm is 0), 4 C Q for <see cref="OrthogonalityForm.SumOfSquares"/>, C = QQ' - I, and likewise for P'.
/// </summary>
public sealed class OrthogonalityRegularizer
{
    private readonly TripletBank _bank;
    private readonly object _lock = new();
    private OrthogonalityOperations? _operations;
    private BankLayout? _layout;

    /// <summary>Creates a regulariser for the matrices of a bank.</summary>
    /// <param name="bank">The triplets; pruned ones count as long as they are held.</param>
    /// <param name="weight">Gamma, not negative; 0 turns the regulariser off.</param>
    /// <param name="form">Which norm is penalised.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is negative or not finite, or <paramref name="form"/> is not defined.</exception>
    internal OrthogonalityRegularizer(TripletBank bank, double weight, OrthogonalityForm form = OrthogonalityForm.MeanNorm)
    {
        ArgumentNullException.ThrowIfNull(bank);
        if (!double.IsFinite(weight) || weight < 0)
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "The weight of the regulariser must be finite and not negative.");
        if (!Enum.IsDefined(form))
            throw new ArgumentOutOfRangeException(nameof(form), form, "Unknown form of the penalty.");
        _bank = bank;
        Weight = weight;
        Form = form;
    }

    /// <summary>Gamma.</summary>
    public double Weight { get; }

    /// <summary>Which norm is penalised.</summary>
    public OrthogonalityForm Form { get; }

    /// <summary>The penalty of the current triplets, before weighting: a scalar without a gradient on the adapters' device. The caller owns it.</summary>
    public Tensor Penalty() => Evaluate(addGradients: false);

    /// <summary>Adds gamma times the gradient of the penalty to the gradients of the bank.</summary>
    /// <returns>The penalty before weighting, a scalar on the bank's device.</returns>
    internal Tensor AddGradients() => Evaluate(addGradients: Weight > 0);

    private double Share => 1.0 / (2 * _bank.Layout.Slots.Count);

    /// <summary>Frees what is kept for the bank's layout; it is made again when it is needed.</summary>
    internal void Free()
    {
        lock (_lock)
        {
            _operations?.Dispose();
            (_operations, _layout) = (null, null);
        }
    }

    // The penalty may be read while another thread trains, and what is kept must not be freed meanwhile.
    private Tensor Evaluate(bool addGradients)
    {
        lock (_lock)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            if (_bank.Layout.Blocks.Count == 0)
                return _bank.Gradients.new_zeros([]).MoveToOuterDisposeScope();
            if (!ReferenceEquals(_layout, _bank.Layout))
            {
                Free();
                (_operations, _layout) = (new OrthogonalityOperations(_bank.Layout.Blocks, _bank.Gradients), _bank.Layout);
            }

            var gradients = addGradients ? _bank.Gradients : null;
            var total = Form == OrthogonalityForm.SumOfSquares
                ? _operations!.Evaluate(_bank.Values, gradients, Form, 4 * Weight)
                : _operations!.Evaluate(_bank.Values, gradients, Form, 2 * Share * Weight).MulInPlace(Share);
            return total.MoveToOuterDisposeScope();
        }
    }
}
