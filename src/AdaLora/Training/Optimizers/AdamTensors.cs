using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// <see cref="AdamStep"/> as tensor operations, for whatever is not single precision in the host's memory: seven operations in place, six without weight decay.
/// Every number that they are given is held until they have returned: one made on the fly could be freed by a garbage collection while libtorch reads it.
/// </summary>
internal static class AdamTensors
{
    private static readonly Scalar One = 1.ToScalar();

    /// <param name="weights">w, changed in place.</param>
    /// <param name="gradients">g, of the same dtype.</param>
    /// <param name="means">m, changed in place.</param>
    /// <param name="squares">v, changed in place.</param>
    /// <param name="rest">1 - beta1, a scalar of the same dtype on the device.</param>
    /// <param name="step">The numbers of the step.</param>
    public static void Update(Tensor weights, Tensor gradients, Tensor means, Tensor squares, Tensor rest, in AdamStep step)
    {
        using var decay = step.Decay.ToScalar();
        using var beta2 = step.Beta2.ToScalar();
        using var rest2 = (1 - step.Beta2).ToScalar();
        using var epsilon = step.Epsilon.ToScalar();
        using var size = (-step.Size).ToScalar();
        means.lerp_(gradients, rest);
        squares.mul_(beta2).addcmul_(gradients, gradients, rest2);
        if (step.Decay != 1)
            weights.mul_(decay);
        weights.addcdiv_(means, squares.sqrt().add_(epsilon, One), size);
    }
}
