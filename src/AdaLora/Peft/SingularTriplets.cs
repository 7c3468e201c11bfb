using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>Decomposes the product of two LoRA matrices into the triplets that AdaLoRA trains.</summary>
internal static class SingularTriplets
{
    /// <summary>
    /// Q, lambda and P with P diag(lambda) Q = B A, where P and Q are orthonormal. With lambda = 1 the product would be the same, but the regulariser would pull the matrices away from it
    /// and the size of a lambda would say nothing about its triplet. Cheap, because only the small factors of A and B are multiplied: no product the size of the layer is formed.
    /// </summary>
    /// <param name="right">A, (rank, in).</param>
    /// <param name="left">B, (out, rank).</param>
    /// <returns>(rank, in), (rank, 1) and (out, rank); triplets beyond the layer's sizes are 0.</returns>
    public static (Tensor Right, Tensor Lambda, Tensor Left) Of(Tensor right, Tensor left)
    {
        using var scope = NewDisposeScope();
        var rank = right.shape[0];
        var (q, lambda, p) = (zeros(right.shape, ScalarType.Float64), zeros(rank, 1, dtype: ScalarType.Float64), zeros(left.shape, ScalarType.Float64));
        var (rightBasis, core, leftBasis) = Reduce(right, left);
        var (u, values, v) = linalg.svd(core, fullMatrices: false);
        var count = values.shape[0];
        q.narrow(0, 0, count).copy_(v.mm(rightBasis.t()));
        lambda.narrow(0, 0, count).copy_(values.unsqueeze(1));
        p.narrow(1, 0, count).copy_(leftBasis.mm(u));
        return (q.MoveToOuterDisposeScope(), lambda.MoveToOuterDisposeScope(), p.MoveToOuterDisposeScope());
    }
    /// <summary>The singular values of B A in descending order, (min(rank, out, in)), in double precision.</summary>
    /// <param name="right">A, (rank, in).</param>
    /// <param name="left">B, (out, rank).</param>
    public static Tensor ValuesOf(Tensor right, Tensor left)
    {
        using var scope = NewDisposeScope();
        return linalg.svdvals(Reduce(right, left).Core).MoveToOuterDisposeScope();
    }

    // B A = left basis · core · right basis', both bases orthonormal.
    private static (Tensor RightBasis, Tensor Core, Tensor LeftBasis) Reduce(Tensor right, Tensor left)
    {
        var (leftBasis, leftFactor) = linalg.qr(left.to(ScalarType.Float64));
        var (rightBasis, rightFactor) = linalg.qr(right.to(ScalarType.Float64).t());
        return (rightBasis, leftFactor.mm(rightFactor.t()), leftBasis);
    }
}
