namespace AdaLora.Peft;

/// <summary>One adapted matrix of a saved adapter; its product is scale · P diag(lambda) Q, or scale · B A for plain LoRA.</summary>
public sealed class InspectedMatrix
{
    /// <summary>Dotted name of the module in the original model.</summary>
    public required string Name { get; init; }

    /// <summary>Rows of P.</summary>
    public required long OutFeatures { get; init; }

    /// <summary>Columns of Q.</summary>
    public required long InFeatures { get; init; }

    /// <summary>Triplets at the start, according to the configuration; PEFT has one number for all matrices.</summary>
    public required int InitialRank { get; init; }

    /// <summary>Triplets stored.</summary>
    public int Rank => Triplets.Count;

    /// <summary>Factor of the product: alpha / (initial rank + 1e-5), or alpha / rank or alpha / √rank for plain LoRA.</summary>
    public required double Scale { get; init; }

    /// <summary>The triplets, in file order.</summary>
    public required IReadOnlyList<InspectedTriplet> Triplets { get; init; }

    /// <summary>
    /// Singular values of the product, descending: min(rank, out, in) of them. They equal the norms of the triplets only to the extent that P and Q are orthonormal up to the length of their vectors.
    /// </summary>
    public required IReadOnlyList<double> SingularValues { get; init; }

    /// <summary>Frobenius norm of the product: the square root of the sum of its squared singular values.</summary>
    public double FrobeniusNorm => Math.Sqrt(SingularValues.Sum(s => s * s));

    /// <summary>Frobenius norm of P'P - I; 0 without triplets, null for plain LoRA, which does not ask for orthogonality.</summary>
    public required double? LeftError { get; init; }

    /// <summary>Frobenius norm of QQ' - I; 0 without triplets, null for plain LoRA.</summary>
    public required double? RightError { get; init; }
}
