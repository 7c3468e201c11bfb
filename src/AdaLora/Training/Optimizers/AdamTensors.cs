using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// <see cref="AdamStep"/> as tensor operations, for everything but single precision in host memory: seven in-place operations, six without weight decay; runs of
/// entries with rates of their own take two more each.
/// </summary>
internal static class AdamTensors
{
    /// <param name="weights">w, changed in place.</param>
    /// <param name="gradients">g, of the same dtype.</param>
    /// <param name="means">m, changed in place.</param>
    /// <param name="squares">v, changed in place.</param>
    /// <param name="rest">1 - beta1, a scalar of the same dtype on the device.</param>
    /// <param name="runs">The numbers of the step for each run of entries; they differ in rates only. If there are several, the weights have one dimension.</param>
    public static void Update(Tensor weights, Tensor gradients, Tensor means, Tensor squares, Tensor rest, ReadOnlySpan<AdamRun> runs)
    {
        var step = runs[0].Step;
        means.lerp_(gradients, rest);
        squares.MulInPlace(step.Beta2).AddcmulInPlace(gradients, gradients, 1 - step.Beta2);
        var roots = squares.sqrt().AddInPlace(step.Epsilon);
        if (runs.Length == 1)
        {
            Move(weights, means, roots, step);
            return;
        }

        foreach (var run in runs)
            Move(weights.narrow(0, run.Start, run.Length), means.narrow(0, run.Start, run.Length), roots.narrow(0, run.Start, run.Length), run.Step);
    }

    private static void Move(Tensor weights, Tensor means, Tensor roots, in AdamStep step)
    {
        if (step.Decay != 1)
            weights.MulInPlace(step.Decay);
        weights.AddcdivInPlace(means, roots, -step.Size);
    }
}
