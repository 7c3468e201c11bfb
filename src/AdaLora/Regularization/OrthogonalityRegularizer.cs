using AdaLora.Parameters;
using static TorchSharp.torch;

namespace AdaLora.Regularization;

/// <summary>
/// Keeps P and Q near orthogonality. Its gradient is written in closed form straight into the bank's gradients, without an autograd graph and for any loss:
/// 2 (C/norm(C)) Q / 2n for <see cref="OrthogonalityForm.MeanNorm"/> (0 where the norm is 0), 4 C Q for <see cref="OrthogonalityForm.SumOfSquares"/>, C = QQ' - I, and likewise for P'.
/// </summary>
public sealed class OrthogonalityRegularizer
{
    // Far below any norm that differs from 0 in either precision, far above the smallest normal number: C/norm stays exact, and 0/0 becomes 0.
    private const double SmallestNorm = 1e-30;

    private readonly TripletBank _bank;

    /// <summary>Makes a regulariser for the matrices of a bank.</summary>
    /// <param name="bank">The triplets; pruned ones count as long as they are held.</param>
    /// <param name="weight">Gamma, not negative; 0 turns the regulariser off.</param>
    /// <param name="form">Which norm is penalised.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is negative or not finite.</exception>
    public OrthogonalityRegularizer(TripletBank bank, double weight, OrthogonalityForm form = OrthogonalityForm.MeanNorm)
    {
        ArgumentNullException.ThrowIfNull(bank);
        if (!double.IsFinite(weight) || weight < 0)
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "The weight of the regulariser must be finite and not negative.");
        _bank = bank;
        Weight = weight;
        Form = form;
    }

    /// <summary>Gamma.</summary>
    public double Weight { get; }

    /// <summary>Which norm is penalised.</summary>
    public OrthogonalityForm Form { get; }

    /// <summary>The penalty before it is weighted, a scalar on the device of the bank.</summary>
    public Tensor Penalty() => Evaluate(addGradients: false);

    /// <summary>Adds gamma times the gradient of the penalty to the gradients of the bank.</summary>
    /// <returns>The penalty before it is weighted, a scalar on the device of the bank.</returns>
    public Tensor AddGradients() => Evaluate(addGradients: Weight > 0);

    private Tensor Evaluate(bool addGradients)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var total = _bank.Gradients.new_zeros([]);
        foreach (var block in _bank.Layout.Blocks)
        {
            total.add_(Evaluate(_bank.Values.Left(block), _bank.Gradients.Left(block), addGradients));
            total.add_(Evaluate(_bank.Values.Right(block), _bank.Gradients.Right(block), addGradients));
        }

        return total.MoveToOuterDisposeScope();
    }

    private double Share => 1.0 / (2 * _bank.Layout.Slots.Count);

    private Tensor EvaluateInMemory(Tensor rows, Tensor gradients, bool addGradients)
    {
        var isSquared = Form == OrthogonalityForm.SumOfSquares;
        var norms = empty(rows.shape[0], dtype: ScalarType.Float32, device: CPU);
        Func<float, float> factors = isSquared ? _ => (float)(4 * Weight) : norm => (float)(2 * Share * Weight / Math.Max(norm, SmallestNorm));
        OrthogonalityKernel.Run(
            HostMemory.Of(rows), addGradients ? HostMemory.Of(gradients) : default, (int)rows.shape[1], (int)rows.shape[2], factors, HostMemory.Of(norms), get_num_threads());
        return isSquared ? norms.square().sum() : norms.sum().mul_(Share);
    }

    // rows: (matrices, rank, length), the triplets' vectors of one side.
    private Tensor Evaluate(Tensor rows, Tensor gradients, bool addGradients)
    {
        if (rows.shape[1] <= OrthogonalityKernel.LargestRank && HostMemory.Holds(rows) && HostMemory.Holds(gradients))
            return EvaluateInMemory(rows, gradients, addGradients);
        var deviation = bmm(rows, rows.transpose(1, 2));
        deviation.diagonal(0, 1, 2).sub_(1);
        if (Form == OrthogonalityForm.SumOfSquares)
        {
            var sum = deviation.square().sum();
            if (addGradients)
                gradients.add_(bmm(deviation.mul_(4 * Weight), rows));
            return sum;
        }

        var norms = linalg.vector_norm(deviation, 2, [1, 2], keepdim: true);
        if (addGradients)
            gradients.add_(bmm(deviation.mul_(norms.clamp_min(SmallestNorm).reciprocal_().mul_(2 * Share * Weight)), rows));
        return norms.sum().mul_(Share);
    }
}
