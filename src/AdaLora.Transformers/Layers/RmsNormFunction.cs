using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// The norm of <see cref="RmsNorm"/> by <see cref="RmsNormKernel"/>. Besides its input, it keeps one number for each row; as tensor operations it would allocate two tensors of the input's size
/// meanwhile.
/// </summary>
internal sealed class RmsNormFunction : autograd.SingleTensorFunction<RmsNormFunction>
{
    private const string OffsetKey = "offset";
    private const int Input = 0, Weight = 1, Offset = 2, Eps = 3, Failure = 4, Arguments = 5;

    public override string Name => nameof(RmsNormFunction);

    /// <summary>Whether both are where this library's code computes.</summary>
    public static bool Suits(Tensor input, Tensor weight) => HostMemory.Holds(input) && HostMemory.Holds(weight) && input.shape[^1] == weight.shape[0];

    /// <param name="input">(..., size), for which <see cref="Suits"/> holds.</param>
    /// <param name="weight">(size).</param>
    /// <param name="offset">What is added to the weight.</param>
    /// <param name="eps">What is added to the mean square.</param>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor input, Tensor weight, float offset, double eps)
    {
        if (!is_grad_enabled() || !(input.requires_grad || weight.requires_grad))
        {
            var (result, inverses) = Compute(input, weight, offset, eps);
            inverses.Dispose();
            return result;
        }

        BackwardFailure.OfThread.ThrowIfAny();
        return apply(input, weight, offset, eps, BackwardFailure.OfThread);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight, offset) = ((Tensor)vars[Input], (Tensor)vars[Weight], (float)vars[Offset]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        var (result, inverses) = Compute(input, weight, offset, (double)vars[Eps]);
        ctx.save_data(OffsetKey, offset);
        ctx.save_for_backward([input, weight, inverses]);
        return result;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, needs) =>
    {
        var saved = ctx.get_saved_variables();
        var (input, weight, inverses, offset) = (saved[0], saved[1], saved[2], (float)ctx.get_data(OffsetKey));
        var results = new Tensor?[Arguments];
        gradient = gradient.contiguous();
        if (needs[Input])
        {
            results[Input] = empty_like(input);
            RmsNormKernel.Backward(
                HostMemory.Of(gradient), HostMemory.Of(input), HostMemory.Of(weight), offset, HostMemory.Of(inverses), HostMemory.Of(results[Input]!), get_num_threads());
        }

        if (needs[Weight])
            results[Weight] = gradient.mul(input).view(-1, weight.shape[0]).mul(inverses.unsqueeze(1)).sum([0]);
        return results;
    });

    private static (Tensor Result, Tensor Inverses) Compute(Tensor input, Tensor weight, float offset, double eps)
    {
        var (result, inverses) = (empty(input.shape, device: input.device), empty(input.numel() / weight.shape[0], device: input.device));
        RmsNormKernel.Forward(HostMemory.Of(input), HostMemory.Of(weight), offset, eps, HostMemory.Of(result), HostMemory.Of(inverses), get_num_threads());
        return (result, inverses);
    }
}
