using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Initialization;

/// <summary>
/// The principal directions of the rows seen so far, about their mean, updated batch by batch without keeping the rows (Ross et al., IJCV 2008, as in scikit-learn's IncrementalPCA).
/// Immutable: an update is a new object, so that layers which have seen the same can share it. Exact if there are no more directions than are kept.
/// </summary>
/// <param name="kept">How many directions are kept.</param>
internal sealed class InputDirections(int kept)
{
    private readonly Tensor? _mean;
    private readonly Tensor? _squares;
    private readonly Tensor? _values;

    private InputDirections(int kept, long rows, PrincipalDirections directions, Tensor mean, Tensor squares)
        : this(kept) => (Rows, Right, _values, _mean, _squares) = (rows, directions.Right, directions.Values, mean, squares);

    /// <summary>Rows seen.</summary>
    public long Rows { get; }

    /// <summary>The directions, (up to kept, in), orthonormal rows; null before the first row.</summary>
    public Tensor? Right { get; }

    /// <summary>The same directions with more rows. Its tensors belong to the caller's dispose scope.</summary>
    /// <param name="rows">(rows, in), on the CPU, finite, in single precision.</param>
    public InputDirections With(Tensor rows)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var count = rows.shape[0];
        if (count == 0)
            return this;
        var mean = rows.mean([0], keepdim: true);
        var centred = rows.Add(mean.neg());
        var squares = SumOfSquares(centred);
        List<Tensor> parts = [centred];
        if (Right is not null)
        {
            // The distance between the two means counts as one more row.
            var share = (double)count / (Rows + count);
            var apart = _mean!.Add(mean.neg()).Mul(Math.Sqrt(Rows * share));
            parts.AddRange([Right.mul(_values!.unsqueeze(1)), apart]);
            squares = squares.Add(_squares!).Add(SumOfSquares(apart));
            mean = _mean!.Mul(1 - share).Add(mean.Mul(share));
        }

        var next = new InputDirections(kept, Rows + count, PrincipalDirections.Of(cat(parts), kept), mean, squares);
        foreach (var tensor in next.Tensors)
            _ = tensor.MoveToOuterDisposeScope();
        return next;
    }

    /// <summary>The share of the rows' variance that each direction explains, in descending order; 0 where there is no variance.</summary>
    public IReadOnlyList<double> ReadShares()
    {
        if (Right is null)
            return [];
        using var scope = NewDisposeScope();
        var all = HostRead.Scalar<double>(_squares!);
        return [.. HostRead.Values<double>(_values!.to(ScalarType.Float64)).Select(value => all > 0 ? value * value / all : 0)];
    }

    /// <summary>Keeps it beyond the current dispose scope.</summary>
    public void Keep()
    {
        foreach (var tensor in Tensors)
            _ = tensor.DetachFromDisposeScope();
    }

    /// <summary>Frees it, once no layer refers to it.</summary>
    public void Free()
    {
        foreach (var tensor in Tensors)
            tensor.Dispose();
    }

    private IEnumerable<Tensor> Tensors => ((Tensor?[])[Right, _values, _mean, _squares]).OfType<Tensor>();

    private static Tensor SumOfSquares(Tensor rows) => rows.to(ScalarType.Float64).Square().sum();
}
