using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// The loss of a batch as a sum over its tokens, examples or other items, together with their count. The trainer adds up both over all batches of an optimiser step and divides the sum by
/// the count, so that every item has the same weight, however the items are spread over the batches. Losses without a count are averaged over batches, which gives more weight to the items
/// of small batches.
/// </summary>
public sealed class LossSum
{
    /// <summary>A sum, and a count known to the host.</summary>
    /// <param name="sum">The sum, a scalar that requires gradients.</param>
    /// <param name="count">How many items the sum covers: finite and not negative; need not be a whole number. If the counts of a step add up to 0, its gradients are 0.</param>
    /// <exception cref="ArgumentNullException"><paramref name="sum"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative or not finite.</exception>
    public LossSum(Tensor sum, double count)
    {
        ArgumentNullException.ThrowIfNull(sum);
        if (!double.IsFinite(count) || count < 0)
            throw new ArgumentOutOfRangeException(nameof(count), count, "The count must be finite and not negative.");
        (Sum, Count) = (sum, empty([], dtype: ScalarType.Float64, device: sum.device).FillInPlace(count));
    }

    /// <summary>A sum, and a count that may be on a device; does not wait for it.</summary>
    /// <param name="sum">The sum, a scalar that requires gradients.</param>
    /// <param name="count">How many items the sum covers: one number, finite and not negative, of any type.</param>
    /// <exception cref="ArgumentNullException">A tensor is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="count"/> is not a single number.</exception>
    public LossSum(Tensor sum, Tensor count)
    {
        ArgumentNullException.ThrowIfNull(sum);
        ArgumentNullException.ThrowIfNull(count);
        if (count.numel() != 1)
            throw new ArgumentException($"The count has shape ({string.Join(", ", count.shape)}); one number is needed.", nameof(count));
        (Sum, Count) = (sum, count);
    }

    /// <summary>The sum, a scalar that requires gradients.</summary>
    public Tensor Sum { get; }

    /// <summary>How many items the sum covers, a single number.</summary>
    public Tensor Count { get; }
}
