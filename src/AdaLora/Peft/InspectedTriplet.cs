namespace AdaLora.Peft;

/// <summary>One stored triplet {column p of P, lambda, row q of Q} of a matrix, or one {column of B, row of A} of plain LoRA.</summary>
public sealed class InspectedTriplet
{
    internal InspectedTriplet(double? lambda, double norm, double energy) =>
        (Lambda, Norm, Energy) = (lambda, norm, energy);

    /// <summary>As stored; null for plain LoRA, which has none.</summary>
    public double? Lambda { get; }

    /// <summary>2-norm (and Frobenius norm) of its own contribution to the weight: scale · abs(lambda) · norm(p) · norm(q), with lambda = 1 for plain LoRA.</summary>
    public double Norm { get; }

    /// <summary>
    /// Square of <see cref="Norm"/> over the square of the product's Frobenius norm; 0 where the product is 0. The energies of a matrix add up to 1 if its triplets are orthogonal to each
    /// other; they add up to more than 1 where triplets cancel each other out, and to less where they point the same way.
    /// </summary>
    public double Energy { get; }
}
