using AdaLora.Bank;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// Keeps P and Q close to orthogonal. Its gradient is written in closed form straight into the bank's gradients, without an autograd graph and independently of the loss:
/// 2 (C/norm(C)) Q / 2n for <see cref="OrthogonalityForm.MeanNorm"/> (0 where the norm is 0), 4 C Q for <see cref="OrthogonalityForm.SumOfSquares"/>, C = QQ' - I, and likewise for P'.
/// </summary>
public sealed class OrthogonalityRegularizer
{
    // Far below any non-zero norm in either precision, far above the smallest normal number: C/norm stays exact, and 0/0 becomes 0.
    private const double SmallestNorm = 1e-30;

    private readonly TripletBank _bank;

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
            throw new ArgumentOutOfRangeException(nameof(form), form, "There is no such form of the penalty.");
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

    private Tensor Evaluate(bool addGradients)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var total = _bank.Gradients.new_zeros([]);
        var isInMemory = HostMemory.Holds(_bank.Values) && HostMemory.Holds(_bank.Gradients);
        if (isInMemory)
            total.AddInPlace(EvaluateInMemory(addGradients));
        var sides = _bank.Layout.Blocks.Where(b => !(isInMemory && b.Rank <= OrthogonalityKernel.LargestRank)).SelectMany(SidesOf).ToArray();
        if (sides.Length > 0)
            total.AddInPlace(Form == OrthogonalityForm.SumOfSquares ? EvaluateSquares(sides, addGradients) : EvaluateNorms(sides, addGradients));
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

    // P' and Q of square matrices are adjacent in memory: one view of both halves the number of operations, which determines the time on a device.
    private IEnumerable<Side> SidesOf(TripletBlock block) => block.IsSquare
        ? [new Side(_bank.Values.Both(block), _bank.Gradients.Both(block))]
        : [new Side(_bank.Values.Left(block), _bank.Gradients.Left(block)), new Side(_bank.Values.Right(block), _bank.Gradients.Right(block))];

    private Tensor EvaluateSquares(IEnumerable<Side> sides, bool addGradients)
    {
        var sums = new List<Tensor>();
        foreach (var side in sides)
        {
            var deviation = side.Deviation();
            sums.Add(deviation.Square().sum());
            if (addGradients)
                side.Gradients.AddInPlace(bmm(deviation.MulInPlace(4 * Weight), side.Rows));
        }

        return stack(sums).sum();
    }

    // The norms of all matrices at once, for the same reason.
    private Tensor EvaluateNorms(IReadOnlyList<Side> sides, bool addGradients)
    {
        var deviations = sides.Select(side => side.Deviation()).ToArray();
        var norms = cat([.. deviations.Select(deviation => linalg.norm(deviation, [1, 2], keepdim: true))]);
        if (addGradients)
        {
            var factors = norms.ClampMin(SmallestNorm).reciprocal_().MulInPlace(2 * Share * Weight).split([.. deviations.Select(deviation => deviation.shape[0])]);
            foreach (var (side, deviation, factor) in sides.Zip(deviations, factors))
                side.Gradients.AddInPlace(bmm(deviation.mul_(factor), side.Rows));
        }

        return norms.sum().MulInPlace(Share);
    }

    /// <summary>Vectors to be made orthonormal, (matrices, rank, length), and their gradients.</summary>
    private readonly record struct Side(Tensor Rows, Tensor Gradients)
    {
        public Tensor Deviation()
        {
            var deviation = bmm(Rows, Rows.transpose(1, 2));
            deviation.diagonal(0, 1, 2).SubInPlace(1);
            return deviation;
        }
    }
}
