using static TorchSharp.torch;

namespace AdaLora.Training;

/// <summary>
/// The loss of a batch as a sum over what counts in it, such as its tokens or examples, and how much that is. The trainer adds up both over all batches of an optimiser step and divides the one by the other, so that everything
/// that counts weighs the same, however it is spread over the batches. The mean of the means of the batches, which losses without a count give, weighs what is in small batches more.
/// </summary>
public sealed class LossSum
{
    /// <summary>A sum, and a count that the host knows.</summary>
    /// <param name="sum">The sum, a scalar that requires gradients.</param>
    /// <param name="count">How much is summed up: finite and not negative; it need not be a whole number. Where the counts of a step are 0 in all, its gradients are 0.</param>
    /// <exception cref="ArgumentNullException"><paramref name="sum"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative or not finite.</exception>
    public LossSum(Tensor sum, double count)
    {
        ArgumentNullException.ThrowIfNull(sum);
        if (!double.IsFinite(count) || count < 0)
            throw new ArgumentOutOfRangeException(nameof(count), count, "The count must be finite and not negative.");
        (Sum, Count) = (sum, tensor(count, dtype: ScalarType.Float64, device: sum.device));
    }

    /// <summary>A sum, and a count that may lie on a device, which is not waited for.</summary>
    /// <param name="sum">The sum, a scalar that requires gradients.</param>
    /// <param name="count">How much is summed up: one number, finite and not negative, of any type.</param>
    /// <exception cref="ArgumentNullException">A tensor is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="count"/> is not one number.</exception>
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

    /// <summary>How much is summed up, one number.</summary>
    public Tensor Count { get; }
}
