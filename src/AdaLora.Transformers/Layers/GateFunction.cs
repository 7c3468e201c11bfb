using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>silu(gate) · states by <see cref="GateKernel"/>. Keeps both, but not the activation between them, which takes less time to compute again than to write and read.</summary>
internal sealed class GateFunction : autograd.SingleTensorFunction<GateFunction>
{
    private const int Gate = 0, States = 1, Failure = 2, Arguments = 3;

    public override string Name => nameof(GateFunction);

    /// <summary>Whether both are where this library's code computes.</summary>
    public static bool Suits(Tensor gate, Tensor states) => HostMemory.Holds(gate) && HostMemory.Holds(states);

    /// <param name="gate">What passes through SiLU; <see cref="Suits"/> holds for it.</param>
    /// <param name="states">What it scales, of the same shape.</param>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor gate, Tensor states)
    {
        if (!is_grad_enabled() || !(gate.requires_grad || states.requires_grad))
            return Compute(gate, states);
        BackwardFailure.OfThread.ThrowIfAny();
        return apply(gate, states, BackwardFailure.OfThread);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (gate, states) = ((Tensor)vars[Gate], (Tensor)vars[States]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        ctx.save_for_backward([gate, states]);
        return Compute(gate, states);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, needs) =>
    {
        var saved = ctx.get_saved_variables();
        var (gate, states) = (saved[0], saved[1]);
        var (ofGate, ofStates) = (empty_like(gate), empty_like(states));
        gradient = gradient.contiguous();
        GateKernel.Backward(HostMemory.Of(gradient), HostMemory.Of(gate), HostMemory.Of(states), HostMemory.Of(ofGate), HostMemory.Of(ofStates), get_num_threads());
        var results = new Tensor?[Arguments];
        (results[Gate], results[States]) = (needs[Gate] ? ofGate : null, needs[States] ? ofStates : null);
        return results;
    });

    private static Tensor Compute(Tensor gate, Tensor states)
    {
        var result = empty(gate.shape, device: gate.device);
        GateKernel.Forward(HostMemory.Of(gate), HostMemory.Of(states), HostMemory.Of(result), get_num_threads());
        return result;
    }
}
