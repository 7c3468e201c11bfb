using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Layers;

/// <summary>
/// Parts of a model that keep only their input for the backward pass, and compute everything else again there (Chen et al., 2016): less memory for one more forward pass. Outputs, random
/// numbers and gradients are those of the part itself.
/// </summary>
internal static class Recomputed
{
    /// <summary>Applies a part of a model.</summary>
    /// <param name="input">What goes in, floating point.</param>
    /// <param name="compute">The part. Runs again in the backward pass, so nothing that it depends on may change until then.</param>
    /// <param name="isRandom">Whether it draws random numbers.</param>
    /// <param name="afterwards">Called when the backward pass is over; null for nothing.</param>
    /// <exception cref="InvalidOperationException">An earlier backward pass of something that this thread computed failed, so that gradients are missing.</exception>
    public static Tensor Apply(Tensor input, Func<Tensor, Tensor> compute, bool isRandom, Action? afterwards = null)
    {
        if (!is_grad_enabled())
            return compute(input);
        BackwardFailure.OfThread.ThrowIfAny();
        using var scope = NewDisposeScope();
        var randomness = isRandom ? RepeatedRandomness.Begin(input.device) : null;
        // With gradients, so that the part takes the same ways as without recomputation, and so that it is known whether anything in it is trained. What it keeps is freed at the end.
        var output = compute(WithoutGraph(input, input.requires_grad));
        randomness?.End();
        return (output.requires_grad ? Node.apply(input, AnchorFor(input)!, new Part(compute, randomness, afterwards, output)) : output).MoveToOuterDisposeScope();
    }

    // A node is part of a graph only if one of its arguments needs a gradient.
    private static Tensor? AnchorFor(Tensor input) => input.requires_grad ? null : zeros([], device: input.device, requires_grad: true);

    private static Tensor WithoutGraph(Tensor input, bool needsGradient) => input.detach().requires_grad_(needsGradient);

    private sealed class Part(Func<Tensor, Tensor> compute, RepeatedRandomness? randomness, Action? afterwards, Tensor output)
    {
        private Tensor? _output = output;

        /// <summary>What was computed; the caller owns it.</summary>
        public Tensor TakeOutput()
        {
            var taken = _output!;
            _output = null;
            return taken.detach();
        }

        public Tensor Repeat(Tensor input)
        {
            using var repetition = randomness?.Repeat();
            return compute(input);
        }

        public void End() => afterwards?.Invoke();
    }

    private sealed class Node : autograd.SingleTensorFunction<Node>
    {
        private const string PartKey = "part";
        private const int Input = 0, Recipe = 2;

        public override string Name => nameof(Recomputed);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var part = (Part)vars[Recipe];
            ctx.save_data(PartKey, part);
            BackwardPass.Prepare(ctx, vars, BackwardFailure.OfThread);
            ctx.save_for_backward([(Tensor)vars[Input]]);
            return part.TakeOutput();
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, needs) =>
        {
            var part = (Part)ctx.get_data(PartKey);
            var input = WithoutGraph(ctx.get_saved_variables()[0], needs[Input]);
            using (enable_grad())
                part.Repeat(input).backward([gradient]);
            part.End();
            var results = needs.Zeros();
            if (needs[Input] && input.grad is { } found)
                results[Input] = found;
            return results;
        });
    }
}
