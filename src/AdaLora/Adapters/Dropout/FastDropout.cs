using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>
/// Dropout that does not slow down training on a CPU, where libtorch draws masks on a single thread. Masks come from a parallel counter-based generator whose key is drawn from torch's
/// global generator: <c>torch.manual_seed</c> makes them reproducible, and saving torch's generator state makes them resumable. On other devices libtorch's own dropout is used.
/// </summary>
public static class FastDropout
{
    /// <summary>Drops entries with probability <paramref name="rate"/> and scales the others by 1 / (1 - rate).</summary>
    /// <param name="input">Any shape, floating point.</param>
    /// <param name="rate">Probability of dropping an entry, in [0, 1).</param>
    /// <returns>A new tensor of the same shape and dtype; the same values if <paramref name="rate"/> is 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="rate"/> is outside [0, 1).</exception>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something this thread computed failed, so that gradients are missing; see <see cref="AdaptedLinear"/>.</exception>
    public static Tensor Apply(Tensor input, double rate)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (rate is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "The dropout rate must lie in [0, 1).");
        if (rate == 0)
            return input.alias();
        if (!DropoutMask.IsUsedFor(input))
            return nn.functional.dropout(input, rate);

        return Apply(input, DropoutMask.Draw(rate));
    }

    /// <param name="input">A tensor that supports the mask.</param>
    /// <param name="mask">What to drop.</param>
    internal static Tensor Apply(Tensor input, DropoutMask mask)
    {
        using var scope = NewDisposeScope();
        var needsGraph = is_grad_enabled() && input.requires_grad;
        if (needsGraph)
            BackwardFailure.OfThread.ThrowIfAny();
        return (needsGraph ? DropoutFunction.apply(input, mask) : mask.Apply(input)).MoveToOuterDisposeScope();
    }
}
