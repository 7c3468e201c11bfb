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
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="weight"/> is negative or not finite, or <paramref name="form"/> is not defined.</exception>
    public OrthogonalityRegularizer(TripletBank bank, double weight, OrthogonalityForm form = OrthogonalityForm.MeanNorm)
    {
        ArgumentNullException.ThrowIfNull(bank);
        if (!double.IsFinite(weight) || weight < 0)
            throw new ArgumentOutOfRangeException(nameof(weight), weight, "The weight of the regulariser must be finite and not negative.");
        if (!Enum.IsDefined(form))
            throw new ArgumentOutOfRangeException(nameof(form), form, "There is no such form of the penalty.");
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

    private double Share => 1.0 / (2 * _bank.Layout.Slots.Count);

    private Tensor Evaluate(bool addGradients)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var total = _bank.Gradients.new_zeros([]);
        var isInMemory = HostMemory.Holds(_bank.Values) && HostMemory.Holds(_bank.Gradients);
        if (isInMemory)
            total.AddInPlace(EvaluateInMemory(addGradients));
        foreach (var block in _bank.Layout.Blocks.Where(b => !(isInMemory && b.Rank <= OrthogonalityKernel.LargestRank)))
        {
            total.AddInPlace(Evaluate(_bank.Values.Left(block), _bank.Gradients.Left(block), addGradients));
            total.AddInPlace(Evaluate(_bank.Values.Right(block), _bank.Gradients.Right(block), addGradients));
        }

        return total.MoveToOuterDisposeScope();
    }

    private Tensor EvaluateInMemory(bool addGradients)
    {
        var isSquared = Form == OrthogonalityForm.SumOfSquares;
        var sides = _bank.Layout.Blocks.Where(b => b.Rank <= OrthogonalityKernel.LargestRank).SelectMany(MatrixSide.Of).ToArray();
        var norms = new float[sides.Length];
        Func<float, float> factors = isSquared ? _ => (float)(4 * Weight) : norm => (float)(2 * Share * Weight / Math.Max(norm, SmallestNorm));
        OrthogonalityKernel.Run(HostMemory.Of(_bank.Values), addGradients ? HostMemory.Of(_bank.Gradients) : default, sides, factors, norms, get_num_threads());
        return tensor(isSquared ? norms.Sum(n => (double)n * n) : norms.Sum(n => (double)n) * Share, dtype: ScalarType.Float32, device: CPU);
    }

    // rows: (matrices, rank, length), the triplets' vectors of one side.
    private Tensor Evaluate(Tensor rows, Tensor gradients, bool addGradients)
    {
        var deviation = bmm(rows, rows.transpose(1, 2));
        deviation.diagonal(0, 1, 2).SubInPlace(1);
        if (Form == OrthogonalityForm.SumOfSquares)
        {
            var sum = deviation.Square().sum();
            if (addGradients)
                gradients.AddInPlace(bmm(deviation.MulInPlace(4 * Weight), rows));
            return sum;
        }

        var norms = linalg.norm(deviation, [1, 2], keepdim: true);
        if (addGradients)
            gradients.AddInPlace(bmm(deviation.mul_(norms.ClampMin(SmallestNorm).reciprocal_().MulInPlace(2 * Share * Weight)), rows));
        return norms.sum().MulInPlace(Share);
    }
}
