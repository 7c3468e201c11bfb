using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>
/// What a matrix's triplets, or one that is added later, are at the start: P · diag(lambda) · Q is always 0. Drawn on the CPU, so that the same seed gives the same adapter on every device.
/// </summary>
internal sealed class TripletDraw
{
    // Null for zeros; at most one is.
    private readonly Vectors? _right;
    private readonly Vectors? _left;

    private TripletDraw(Vectors? right, Vectors? left) => (_right, _left) = (right, left);

    private TripletDraw(Vectors both)
        : this(both, both)
    {
    }

    // Draws an array with one vector in each row (dimension 0) or column (dimension 1).
    private delegate Tensor Vectors(long[] shape, int dimension, ScalarType dtype, Generator? generator);

    /// <summary>Q is uniform between ± 1 / sqrt(in) as LoRA's A, P is 0 as its B, and lambda 1.</summary>
    public static TripletDraw Lora { get; } = new(right: UniformByLength, left: null);

    /// <summary>The same for tables of embeddings: Q is 0 as their A, and P N(0, 1) as their B.</summary>
    public static TripletDraw LoraOfTables { get; } = new(right: null, left: (shape, _, dtype, generator) => randn(shape, dtype: dtype, device: CPU, generator: generator));

    /// <summary>Unit vectors, orthogonal to each other: as many of them as their length, and then again. Each set is uniform over all such sets.</summary>
    public static TripletDraw Orthonormal { get; } = new((shape, dimension, dtype, generator) =>
    {
        var rows = OrthonormalRows(shape[dimension], shape[1 - dimension], dtype, generator);
        return dimension == 0 ? rows : rows.t();
    });

    /// <summary>N(0, 1 / length), so that vectors of any length have a norm of about 1.</summary>
    public static TripletDraw ScaledBySize { get; } = new((shape, dimension, dtype, generator) => Normal(shape, dtype, generator, 1 / Math.Sqrt(shape[1 - dimension])));

    /// <summary>N(0, <paramref name="standardDeviation"/>²).</summary>
    public static TripletDraw Normal(double standardDeviation) => new((shape, _, dtype, generator) => Normal(shape, dtype, generator, standardDeviation));

    /// <summary>Draws Q, then P. If one of them is 0, lambda is 1, otherwise 0.</summary>
    /// <param name="right">Q, (rank, in).</param>
    /// <param name="left">P, (out, rank).</param>
    /// <param name="lambda">Lambda, (rank, 1).</param>
    /// <param name="generator">Null for torch's own.</param>
    public void Fill(Tensor right, Tensor left, Tensor lambda, Generator? generator)
    {
        using var scope = NewDisposeScope();
        _ = _right is null ? right.zero_() : right.copy_(_right(right.shape, 0, right.dtype, generator));
        _ = _left is null ? left.zero_() : left.copy_(_left(left.shape, 1, left.dtype, generator));
        _ = lambda.FillInPlace(_right is null || _left is null ? 1 : 0);
    }

    private static Tensor UniformByLength(long[] shape, int dimension, ScalarType dtype, Generator? generator)
    {
        var bound = 1 / Math.Sqrt(shape[1 - dimension]);
        return rand(shape, dtype: dtype, device: CPU, generator: generator).MulInPlace(2 * bound).AddInPlace(-bound);
    }

    private static Tensor Normal(long[] shape, ScalarType dtype, Generator? generator, double standardDeviation) =>
        randn(shape, dtype: dtype, device: CPU, generator: generator).MulInPlace(standardDeviation);

    private static Tensor OrthonormalRows(long count, long length, ScalarType dtype, Generator? generator)
    {
        var sets = new List<Tensor>();
        for (var left = count; left > 0; left -= length)
        {
            var (q, r) = linalg.qr(randn([length, Math.Min(left, length)], dtype: dtype, device: CPU, generator: generator));
            // Without the signs of the diagonal, the distribution would be that of the algorithm.
            sets.Add(q.mul(r.diagonal().sgn()).t());
        }

        return cat(sets);
    }
}
