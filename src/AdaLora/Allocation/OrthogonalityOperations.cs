using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>
/// The penalty of <see cref="OrthogonalityRegularizer"/> and its gradient by tensor operations. On a device their number determines the time: it depends neither on the number of matrices
/// nor on their ranks.
/// </summary>
internal sealed class OrthogonalityOperations : IDisposable
{
    // Far below any non-zero norm in either precision, far above the smallest normal number: C/norm stays exact, and 0/0 becomes 0.
    private const double SmallestNorm = 1e-30;

    private readonly IReadOnlyList<Matrices> _runs;
    private readonly Tensor _identities;
    private readonly Tensor? _present;

    /// <param name="blocks">The matrices, at least one.</param>
    /// <param name="like">A tensor with the bank's element type and device.</param>
    public OrthogonalityOperations(IReadOnlyList<TripletBlock> blocks, Tensor like)
    {
        using var scope = NewDisposeScope();
        var rank = blocks.Max(block => block.Rank);
        var isUniform = blocks.All(block => block.Rank == rank);
        var runs = SideRun.Of(blocks);
        _runs = [.. runs.Select(run => isUniform ? new Matrices(run, rank, null, null) : new Matrices(run, rank, Indices(run.Sources(rank)), Indices(run.Places(rank))))];
        if (isUniform)
        {
            _identities = eye(rank, dtype: like.dtype, device: like.device).DetachFromDisposeScope();
            return;
        }

        var isRow = runs.SelectMany(run => run.Ranks).SelectMany(own => Enumerable.Range(0, rank).Select(i => i < own ? 1f : 0f)).ToArray();
        var rows = tensor(isRow, dtype: like.dtype, device: like.device).view(-1, rank, 1);
        _present = rows.mul(rows.transpose(1, 2)).DetachFromDisposeScope();
        _identities = _present.mul(eye(rank, dtype: like.dtype, device: like.device)).DetachFromDisposeScope();

        Tensor Indices(long[] values) => tensor(values, device: like.device).DetachFromDisposeScope();
    }

    /// <summary>The sum of the matrices' penalties in a form.</summary>
    /// <param name="values">The triplets, (elements).</param>
    /// <param name="gradients">Where the gradient is added, (elements), or null.</param>
    /// <param name="form">Which norm.</param>
    /// <param name="factor">What C Q is multiplied by, beside 1 / norm(C) for <see cref="OrthogonalityForm.MeanNorm"/>.</param>
    /// <returns>A scalar on the device.</returns>
    public Tensor Evaluate(Tensor values, Tensor? gradients, OrthogonalityForm form, double factor)
    {
        var rows = _runs.Select(run => run.Rows(values)).ToArray();
        var products = rows.Select(r => bmm(r, r.transpose(1, 2))).ToArray();
        var deviations = products.Length == 1 ? products[0] : cat(products);
        if (_present is not null)
            deviations.mul_(_present);
        deviations.sub_(_identities);
        return form == OrthogonalityForm.SumOfSquares ? Squares(rows, deviations, gradients, factor) : Norms(rows, deviations, gradients, factor);
    }

    public void Dispose()
    {
        foreach (var run in _runs)
            run.Dispose();
        _identities.Dispose();
        _present?.Dispose();
    }

    private Tensor Squares(Tensor[] rows, Tensor deviations, Tensor? gradients, double factor)
    {
        var sum = deviations.Square().sum();
        if (gradients is not null)
            AddProducts(rows, deviations.MulInPlace(factor), gradients);
        return sum;
    }

    private Tensor Norms(Tensor[] rows, Tensor deviations, Tensor? gradients, double factor)
    {
        var norms = linalg.norm(deviations, [1, 2], keepdim: true);
        if (gradients is not null)
            AddProducts(rows, deviations.mul_(norms.ClampMin(SmallestNorm).reciprocal_().MulInPlace(factor)), gradients);
        return norms.sum();
    }

    private void AddProducts(Tensor[] rows, Tensor factors, Tensor gradients)
    {
        var first = 0L;
        foreach (var (run, own) in _runs.Zip(rows))
        {
            run.AddTo(gradients, factors.narrow(0, first, run.Count), own);
            first += run.Count;
        }
    }

    /// <summary>A run with its rows' indices where ranks differ.</summary>
    private sealed class Matrices(SideRun run, int rank, Tensor? sources, Tensor? places) : IDisposable
    {
        public long Count => run.Ranks.Count;

        /// <summary>(matrices, rank, length).</summary>
        public Tensor Rows(Tensor flat)
        {
            var rows = run.In(flat);
            return (sources is null ? rows : rows.index_select(0, sources)).view(Count, rank, run.Length);
        }

        /// <summary>Adds factors · rows of each matrix to its place in a flat buffer.</summary>
        public void AddTo(Tensor flat, Tensor factors, Tensor rows)
        {
            var products = bmm(factors, rows).view(-1, run.Length);
            run.In(flat).AddInPlace(places is null ? products : products.index_select(0, places));
        }

        public void Dispose()
        {
            sources?.Dispose();
            places?.Dispose();
        }
    }
}
