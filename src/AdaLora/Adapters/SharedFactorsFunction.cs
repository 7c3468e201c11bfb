using AdaLora.Bank;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The node of <see cref="SharedFactors"/>. Arguments: the bank's values, the recipe, where to store a failure. The result is flat, in the bank's layout without its lambdas.</summary>
internal sealed class SharedFactorsFunction : autograd.SingleTensorFunction<SharedFactorsFunction>
{
    private const string RecipeKey = "recipe";
    private const int Values = 0, Recipe = 1, Failure = 2, Arguments = 3;

    public override string Name => nameof(SharedFactorsFunction);

    /// <param name="values">All triplets, (elements).</param>
    /// <param name="recipe">What to make of them.</param>
    /// <param name="failure">Where the backward pass stores an exception.</param>
    public static Tensor Apply(Tensor values, FactorRecipe recipe, BackwardFailure failure)
    {
        failure.ThrowIfAny();
        return apply(values, recipe, failure);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (values, recipe) = ((Tensor)vars[Values], (FactorRecipe)vars[Recipe]);
        ctx.save_data(RecipeKey, recipe);
        BackwardPass.Prepare(ctx, vars, (BackwardFailure)vars[Failure]);
        ctx.save_for_backward([values]);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var lambdas = recipe.ScaledLambdas(values);
        var sides = recipe.Layout.Groups.SelectMany(group => (Tensor[])[values.Left(group).mul(FactorRecipe.Of(lambdas, group)).view(-1), values.Right(group).view(-1)]);
        return cat([.. sides]).In(recipe.Dtype).MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => BackwardPass.Run(ctx, grad_output, (gradient, _) =>
    {
        var recipe = (FactorRecipe)ctx.get_data(RecipeKey);
        var values = ctx.get_saved_variables()[0];
        recipe.BeforeGradients();
        var results = new Tensor?[Arguments];
        results[Values] = Gradient(gradient.In(values.dtype), values, recipe);
        return results;
    });

    // With F = diag(scale · lambda) P' and G its gradient, those of P' and lambda are diag(scale · lambda) G and scale · the row sums of G ∘ P'.
    private static Tensor Gradient(Tensor gradient, Tensor values, FactorRecipe recipe)
    {
        var scaled = recipe.ScaledLambdas(values);
        var (sides, lambdas) = (new List<Tensor>(), new List<Tensor>());
        foreach (var group in recipe.Layout.Groups)
        {
            var left = gradient.Left(group);
            lambdas.Add(left.mul(values.Left(group)).sum([2]).view(-1));
            sides.Add(left.mul(FactorRecipe.Of(scaled, group)).view(-1));
            sides.Add(gradient.Right(group).view(-1));
        }

        return cat([.. sides, cat(lambdas).mul_(recipe.Scales)]);
    }
}
