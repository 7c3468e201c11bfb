using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>The turns of <see cref="RotaryEmbedding"/> by <see cref="RotaryKernel"/>. Keeps nothing of what is turned; as tensor operations it would allocate as much again meanwhile.</summary>
internal sealed class RotaryFunction : autograd.SingleTensorFunction<RotaryFunction>
{
    private const int States = 0, Cosines = 1, Sines = 2, Failure = 3, Arguments = 4;

    public override string Name => nameof(RotaryFunction);

    /// <summary>Whether all are where this library's code computes.</summary>
    public static bool Suits(Tensor states, Tensor cosines, Tensor sines) => HostMemory.Holds(states) && HostMemory.Holds(cosines) && HostMemory.Holds(sines);

    /// <param name="states">Batch x length x heads x head size, for which <see cref="Suits"/> holds.</param>
    /// <param name="cosines">Batch (or 1) x length x 1 x rotated entries.</param>
    /// <param name="sines">As the cosines, negative in the first half.</param>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor states, Tensor cosines, Tensor sines)
    {
        if (!is_grad_enabled() || !states.requires_grad)
            return Turn(states, cosines, sines, isBackward: false);
        BackwardFailure.OfThread.ThrowIfAny();
        return apply(states, cosines, sines, BackwardFailure.OfThread);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (states, cosines, sines) = ((Tensor)vars[States], (Tensor)vars[Cosines], (Tensor)vars[Sines]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        ctx.save_for_backward([cosines, sines]);
        return Turn(states, cosines, sines, isBackward: false);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, _) =>
    {
        var saved = ctx.get_saved_variables();
        var results = new Tensor?[Arguments];
        results[States] = Turn(gradient.contiguous(), saved[0], saved[1], isBackward: true);
        return results;
    });

    private static Tensor Turn(Tensor states, Tensor cosines, Tensor sines, bool isBackward)
    {
        var result = empty(states.shape, device: states.device);
        var sizes = ((int)states.shape[2], (int)states.shape[3], (int)cosines.shape[3]);
        RotaryKernel.Turn(HostMemory.Of(states), HostMemory.Of(cosines), HostMemory.Of(sines), isBackward, HostMemory.Of(result), sizes, get_num_threads());
        return result;
    }
}
