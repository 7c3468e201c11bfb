using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>What an <see cref="ImportanceScore"/> is computed from. All buffers are flat and share the layout of the bank; none may be changed.</summary>
public sealed class ImportanceState
{
    internal ImportanceState(BankLayout layout, Tensor values, Tensor sensitivity, Tensor uncertainty) =>
        (Layout, Values, Sensitivity, Uncertainty) = (layout, values, sensitivity, uncertainty);

    /// <summary>The number of triplets.</summary>
    public int Triplets => Layout.Triplets;

    /// <summary>The location of each matrix in the buffers.</summary>
    internal BankLayout Layout { get; }

    /// <summary>The triplets themselves, (elements).</summary>
    public Tensor Values { get; }

    /// <summary>Smoothed sensitivity I of every entry, (elements).</summary>
    public Tensor Sensitivity { get; }

    /// <summary>Smoothed uncertainty U of every entry, (elements).</summary>
    public Tensor Uncertainty { get; }

    /// <summary>
    /// Combines scores of entries into scores of triplets: score(lambda_i) + mean score(column i of P) + mean score(row i of Q), the paper's equation 8.
    /// </summary>
    /// <param name="elements">One score per entry, (elements).</param>
    /// <returns>One score per triplet in storage order, (triplets).</returns>
    /// <exception cref="ArgumentException">The number of scores is not the number of entries.</exception>
    public Tensor PerTriplet(Tensor elements)
    {
        Layout.Require(elements, nameof(elements));
        using var scope = NewDisposeScope();
        if (Layout.Triplets == 0)
            return elements.new_zeros(0).MoveToOuterDisposeScope();
        // P' and Q of square matrices are adjacent in memory: their means are one operation.
        var vectors = Layout.Groups.Select(g => g.IsSquare
            ? elements.Both(g).mean([1, 2]).view(2, g.Triplets).sum([0])
            : elements.Left(g).mean([1, 2]).AddInPlace(elements.Right(g).mean([1, 2]))).ToArray();
        return elements.Lambdas(Layout).Add(cat(vectors)).MoveToOuterDisposeScope();
    }

    /// <summary>The norm of each triplet's column of P times that of its row of Q, (triplets).</summary>
    internal Tensor ProductOfNorms()
    {
        using var scope = NewDisposeScope();
        if (Layout.Triplets == 0)
            return Values.new_zeros(0).MoveToOuterDisposeScope();
        var squares = Values.detach().Square();
        return cat([.. Layout.Groups.Select(g => squares.Left(g).sum([1, 2]).mul_(squares.Right(g).sum([1, 2])))]).sqrt_().MoveToOuterDisposeScope();
    }
}
