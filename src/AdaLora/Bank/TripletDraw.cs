using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Bank;

/// <summary>How P and Q of a matrix, or of a triplet that is added later, are drawn at random. Drawn on the CPU, so that the same seed gives the same adapter on every device.</summary>
internal sealed class TripletDraw
{
    // Draws an array with one vector in each row (dimension 0) or column (dimension 1).
    private readonly Func<long[], int, ScalarType, Generator?, Tensor> _draw;

    private TripletDraw(Func<long[], int, ScalarType, Generator?, Tensor> draw) => _draw = draw;

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

    /// <summary>Draws Q, then P.</summary>
    /// <param name="right">Q, (rank, in).</param>
    /// <param name="left">P, (out, rank).</param>
    /// <param name="generator">Null for torch's own.</param>
    public void Fill(Tensor right, Tensor left, Generator? generator)
    {
        using var scope = NewDisposeScope();
        _ = right.copy_(_draw(right.shape, 0, right.dtype, generator));
        _ = left.copy_(_draw(left.shape, 1, left.dtype, generator));
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
