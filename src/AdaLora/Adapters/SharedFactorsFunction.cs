using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The node of <see cref="SharedFactors"/>: F = diag(scale · lambda) P' and Q of all matrices, flat, in the bank's layout without its lambdas.</summary>
internal sealed class SharedFactorsFunction : autograd.SingleTensorFunction<SharedFactorsFunction>
{
    private const string LayoutKey = "layout", ArrivalKey = "arrival";
    private const int Values = 0, Layout = 1, Scales = 2, Dtype = 3, Arrival = 4, Failure = 5, Arguments = 6;

    public override string Name => nameof(SharedFactorsFunction);

    /// <param name="values">All triplets, (elements).</param>
    /// <param name="layout">Their layout.</param>
    /// <param name="scales">The factor of each triplet's product, (triplets).</param>
    /// <param name="dtype">The element type of the result.</param>
    /// <param name="arrival">Called in the backward pass before the gradient is given on.</param>
    /// <param name="failure">Where the backward pass stores an exception.</param>
    public static Tensor Apply(Tensor values, BankLayout layout, Tensor scales, ScalarType dtype, Action arrival, BackwardFailure failure)
    {
        failure.ThrowIfAny();
        return apply(values, layout, scales, dtype, arrival, failure);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (values, layout, scales) = ((Tensor)vars[Values], (BankLayout)vars[Layout], (Tensor)vars[Scales]);
        ctx.save_data(LayoutKey, layout);
        ctx.save_data(ArrivalKey, vars[Arrival]);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        ctx.save_for_backward([values, scales]);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var scaled = values.Lambdas(layout).mul(scales);
        var sides = layout.Groups.SelectMany(group => (Tensor[])[values.Left(group).mul(OfRows(scaled, group)).view(-1), values.Right(group).view(-1)]);
        return cat([.. sides]).In((ScalarType)vars[Dtype]).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, _) =>
    {
        var saved = ctx.get_saved_variables();
        ((Action)ctx.get_data(ArrivalKey))();
        var results = new Tensor?[Arguments];
        results[Values] = Gradient(gradient.In(saved[0].dtype), saved[0], saved[1], (BankLayout)ctx.get_data(LayoutKey));
        return results;
    });

    // With G the gradient of F, those of P' and lambda are diag(scale · lambda) G and scale · the row sums of G ∘ P'.
    private static Tensor Gradient(Tensor gradient, Tensor values, Tensor scales, BankLayout layout)
    {
        var scaled = values.Lambdas(layout).mul(scales);
        var (sides, lambdas) = (new List<Tensor>(), new List<Tensor>());
        foreach (var group in layout.Groups)
        {
            var left = gradient.Left(group);
            lambdas.Add(left.mul(values.Left(group)).sum([2]).view(-1));
            sides.Add(left.mul(OfRows(scaled, group)).view(-1));
            sides.Add(gradient.Right(group).view(-1));
        }

        return cat([.. sides, cat(lambdas).mul_(scales)]);
    }

    // One number per triplet as it multiplies the rows of a group's P', (triplets, 1, 1).
    private static Tensor OfRows(Tensor perTriplet, TripletBlock group) => perTriplet.narrow(0, group.First, group.Triplets).view(-1, 1, 1);
}
