using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters.FrozenWeights;

/// <summary>x W' + b over a weight of any form as a graph node, which keeps the form rather than a dense weight.</summary>
internal static class FrozenLinear
{
    /// <param name="input">(..., in), floating point.</param>
    /// <param name="weight">W, which gets no gradient.</param>
    /// <param name="bias">(out), or null.</param>
    /// <param name="failure">Where the backward pass stores an exception.</param>
    /// <param name="gate">The gate the backward pass goes through.</param>
    /// <returns>(..., out) in the input's element type.</returns>
    public static Tensor Apply(Tensor input, WeightForm weight, Tensor? bias, BackwardFailure failure, UsageGate gate)
    {
        using var scope = NewDisposeScope();
        var needsGraph = is_grad_enabled() && (input.requires_grad || bias is { requires_grad: true });
        if (needsGraph)
            failure.ThrowIfAny();
        return (needsGraph ? Node.apply(input, weight, bias!, failure, gate) : Forward(input, weight, bias)).MoveToOuterDisposeScope();
    }

    private static Tensor Forward(Tensor input, WeightForm weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var features = weight.Tensors[0].shape;
        if (input.dim() == 0 || input.shape[^1] != features[1])
            throw new ArgumentException($"The input has {(input.dim() == 0 ? 0 : input.shape[^1])} features, but the weight has {features[1]}.", nameof(input));
        var output = weight.Linear(input.reshape(-1, features[1]).to(weight.Dtype), bias?.to(weight.Dtype)).to(input.dtype);
        return output.view([.. input.shape[..^1], features[0]]).detach().MoveToOuterDisposeScope();
    }

    private sealed class Node : autograd.SingleTensorFunction<Node>
    {
        private const string WeightKey = "weight", GateKey = "gate";
        private const int Input = 0, Weight = 1, Bias = 2, Failure = 3, Gate = 4, Arguments = 5;

        public override string Name => nameof(FrozenLinear);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (input, weight) = ((Tensor)vars[Input], (WeightForm)vars[Weight]);
            ctx.save_data(WeightKey, weight);
            ctx.save_data(GateKey, vars[Gate]);
            BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
            ctx.save_for_backward([input, .. weight.Tensors]);
            return Forward(input, weight, (Tensor?)vars[Bias]);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, needs) =>
        {
            using var passage = ((UsageGate)ctx.get_data(GateKey)).Read();
            var saved = ctx.get_saved_variables();
            var weight = ((WeightForm)ctx.get_data(WeightKey)).Over(saved[1..]);
            var rows = gradient.reshape(-1, gradient.shape[^1]);
            var results = new Tensor?[Arguments];
            if (needs[Bias])
                results[Bias] = rows.sum([0]);
            if (needs[Input])
                results[Input] = weight.Multiply(rows.to(weight.Dtype)).to(saved[0].dtype).view(saved[0].shape);
            return results;
        });
    }
}
