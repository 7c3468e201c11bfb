using TorchSharp.Modules;

namespace AdaLora.Training.Optimizers;

/// <summary>
/// The numbers of one AdamW step, with both bias corrections folded in: given the averages m and v of the gradient and of its square, w := decay·w - size·m / (√v + epsilon).
/// This is Loshchilov and Hutter's algorithm 2 with √(1 - beta2^t) taken out of the denominator, so that each entry needs only one division.
/// </summary>
internal readonly record struct AdamStep(double Decay, double Beta1, double Beta2, double Size, double Epsilon)
{
    /// <param name="options">The options of a parameter group, all of them set.</param>
    /// <param name="step">The step number of the parameter, from 1.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by.</param>
    public static AdamStep Of(AdamW.Options options, long step, double rateFactor = 1)
    {
        var (rate, beta1, beta2) = (options.LearningRate!.Value * rateFactor, options.beta1!.Value, options.beta2!.Value);
        var root = Math.Sqrt(1 - Math.Pow(beta2, step));
        return new AdamStep(1 - (rate * options.weight_decay!.Value), beta1, beta2, rate / (1 - Math.Pow(beta1, step)) * root, options.eps!.Value * root);
    }
}
