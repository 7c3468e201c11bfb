using AdaLora.Parameters;
using static TorchSharp.torch;

namespace AdaLora.Allocation;

/// <summary>What an <see cref="ImportanceScore"/> may look at. All buffers are flat and share the layout of the bank; none may be changed.</summary>
public sealed class ImportanceState
{
    internal ImportanceState(BankLayout layout, Tensor values, Tensor sensitivity, Tensor uncertainty) =>
        (Layout, Values, Sensitivity, Uncertainty) = (layout, values, sensitivity, uncertainty);

    /// <summary>Where each matrix lives in the buffers.</summary>
    public BankLayout Layout { get; }

    /// <summary>The triplets themselves, (elements).</summary>
    public Tensor Values { get; }

    /// <summary>Smoothed sensitivity I of every entry, (elements).</summary>
    public Tensor Sensitivity { get; }

    /// <summary>Smoothed uncertainty U of every entry, (elements).</summary>
    public Tensor Uncertainty { get; }

    /// <summary>
    /// Gathers scores of entries into scores of triplets: score(lambda_i) + mean score(column i of P) + mean score(row i of Q), the paper's equation 8.
    /// </summary>
    /// <param name="elements">One score per entry, (elements).</param>
    /// <returns>One score per triplet in storage order, (triplets).</returns>
    /// <exception cref="ArgumentException">There is not one score per entry.</exception>
    public Tensor PerTriplet(Tensor elements)
    {
        Layout.Require(elements, nameof(elements));
        using var scope = NewDisposeScope();
        if (Layout.Triplets == 0)
            return elements.new_zeros(0).MoveToOuterDisposeScope();
        var vectors = Layout.Groups.Select(g => elements.Left(g).mean([1, 2]).add_(elements.Right(g).mean([1, 2]))).ToArray();
        return elements.Lambdas(Layout).add(cat(vectors)).MoveToOuterDisposeScope();
    }

    /// <summary><see cref="PerTriplet"/> of I·U. Where the host holds the numbers, each is read once.</summary>
    internal Tensor PerTripletProduct()
    {
        using var scope = NewDisposeScope();
        if (Layout.Triplets == 0 || !HostMemory.Holds(Sensitivity) || !HostMemory.Holds(Uncertainty))
            return PerTriplet(Sensitivity * Uncertainty).MoveToOuterDisposeScope();

        var scores = Sensitivity.Lambdas(Layout).mul(Uncertainty.Lambdas(Layout));
        foreach (var group in Layout.Groups)
        {
            Add(group.LeftOffset, group.OutFeatures, group);
            Add(group.RightOffset, group.InFeatures, group);
        }

        return scores.MoveToOuterDisposeScope();

        void Add(long offset, long size, TripletBlock group)
        {
            var (start, count) = ((int)offset, (int)(size * group.Triplets));
            ImportanceKernel.AddMeanProducts(
                HostMemory.Of(Sensitivity).Slice(start, count), HostMemory.Of(Uncertainty).Slice(start, count), (int)size, HostMemory.Of(scores).Slice(group.First, group.Triplets), get_num_threads());
        }
    }
}
