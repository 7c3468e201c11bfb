using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>
/// The first singular triplets of a matrix by subspace iteration from a random start (Halko, Martinsson and Tropp, SIAM Review 2011, algorithm 4.4), which takes a few products with the matrix. Exact
/// up to rounding for matrices with at most <see cref="Spare"/> singular values more than are asked for. The start is always the same, so that the result depends on the matrix alone.
/// </summary>
/// <param name="Left">(rows, count), orthonormal columns.</param>
/// <param name="Values">(count), in descending order.</param>
/// <param name="Right">(count, columns), orthonormal rows.</param>
internal sealed record PrincipalDirections(Tensor Left, Tensor Values, Tensor Right)
{
    /// <summary>Directions that are iterated in addition to those asked for.</summary>
    public const int Spare = 16;

    private const int Iterations = 4;
    private const int Start = 20110217;

    /// <param name="matrix">(rows, columns), finite, on the CPU, in single or double precision.</param>
    /// <param name="count">How many; fewer if a size is smaller.</param>
    public static PrincipalDirections Of(Tensor matrix, long count)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var most = Math.Min(matrix.shape[0], matrix.shape[1]);
        count = Math.Min(count, most);
        using var generator = new Generator(Start, CPU);
        var basis = Basis(matrix.mm(randn([matrix.shape[1], Math.Min(count + Spare, most)], dtype: matrix.dtype, device: CPU, generator: generator)));
        for (var i = 0; i < Iterations; i++)
            basis = Basis(matrix.mm(Basis(matrix.t().mm(basis))));
        var (left, values, right) = linalg.svd(basis.t().mm(matrix), false);
        return new PrincipalDirections(
            basis.mm(left).narrow(1, 0, count).contiguous().MoveToOuterDisposeScope(),
            values.narrow(0, 0, count).clone().MoveToOuterDisposeScope(),
            right.narrow(0, 0, count).contiguous().MoveToOuterDisposeScope());
    }

    private static Tensor Basis(Tensor columns) => linalg.qr(columns).Q;
}
