using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// <see cref="AdamStep"/> as tensor operations, for everything but single precision in host memory: seven in-place operations, six without weight decay.
/// </summary>
internal static class AdamTensors
{
    /// <param name="weights">w, changed in place.</param>
    /// <param name="gradients">g, of the same dtype.</param>
    /// <param name="means">m, changed in place.</param>
    /// <param name="squares">v, changed in place.</param>
    /// <param name="rest">1 - beta1, a scalar of the same dtype on the device.</param>
    /// <param name="step">The numbers of the step.</param>
    public static void Update(Tensor weights, Tensor gradients, Tensor means, Tensor squares, Tensor rest, in AdamStep step)
    {
        means.lerp_(gradients, rest);
        squares.MulInPlace(step.Beta2).AddcmulInPlace(gradients, gradients, 1 - step.Beta2);
        if (step.Decay != 1)
            weights.MulInPlace(step.Decay);
        weights.AddcdivInPlace(means, squares.sqrt().AddInPlace(step.Epsilon), -step.Size);
    }
}
