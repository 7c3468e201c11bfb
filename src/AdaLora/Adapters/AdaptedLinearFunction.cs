using AdaLora.Adapters.FrozenWeights;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The node of <see cref="AdaptedLinear"/>. Arguments: input, the form of the weight, bias or null, left, lambda or null, right, settings.</summary>
internal sealed class AdaptedLinearFunction : autograd.SingleTensorFunction<AdaptedLinearFunction>
{
    private const string SettingsKey = "settings", WeightKey = "weight";
    private const int Input = 0, Weight = 1, Bias = 2, Left = 3, Lambda = 4, Right = 5, Settings = 6, Arguments = 7;

    public override string Name => nameof(AdaptedLinearFunction);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (input, weight, left, lambda, right) = ((Tensor)vars[Input], (WeightForm)vars[Weight], (Tensor)vars[Left], (Tensor?)vars[Lambda], (Tensor)vars[Right]);
        var settings = (AdapterSettings)vars[Settings];
        var (output, low) = AdaptedLinear.Forward(input, weight, (Tensor?)vars[Bias], left, lambda, right, settings);
        ctx.save_data(SettingsKey, settings);
        ctx.save_data(WeightKey, weight);
        BackwardPass.Prepare(ctx, vars, settings.Failure);
        ctx.save_for_backward([input, left, right, low, .. weight.Tensors, .. lambda is null ? [] : (Tensor[])[lambda]]);
        return output;
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
        BackwardPass.Run(ctx, grad_output, (gradient, needs) => Compute(ctx, gradient, needs));

    private static Tensor?[] Compute(autograd.AutogradContext ctx, Tensor gradient, GradientNeeds needs)
    {
        var settings = (AdapterSettings)ctx.get_data(SettingsKey);
        using var passage = settings.Gate?.Read();
        var saved = ctx.get_saved_variables();
        var (input, left, right, low) = (saved[0], saved[1], saved[2], saved[3]);
        var form = (WeightForm)ctx.get_data(WeightKey);
        var parts = form.Tensors.Count;
        var (weight, lambda) = (form.Over([.. saved.Skip(4).Take(parts)]), saved.ElementAtOrDefault(4 + parts));

        var rows = gradient.reshape(-1, left.shape[0]);
        var wide = rows.to(left.dtype);
        // Transposed, because that is how the bank stores P.
        var projected = RowProducts.Linear(wide, left.t(), null);
        var back = settings.Scaled(projected, lambda);
        var results = new Tensor?[Arguments];
        if (needs[Bias])
            results[Bias] = rows.sum([0]);
        if (needs[Left])
            results[Left] = settings.Scaled(low, lambda).t().mm(wide).t();
        if (needs[Lambda])
            results[Lambda] = projected.mul(low).sum([0]).MulInPlace(settings.Scale).view(lambda!.shape);
        if (needs[Right])
            results[Right] = back.t().mm(settings.DropAgain(input.reshape(-1, right.shape[1]).to(right.dtype)));
        if (needs[Input])
            results[Input] = InputGradient(rows, weight, back, right, settings).view(input.shape);
        return results;
    }

    private static Tensor InputGradient(Tensor rows, WeightForm weight, Tensor back, Tensor right, AdapterSettings settings)
    {
        var result = weight.Multiply(rows.to(weight.Dtype)).to(rows.dtype);
        if (settings.Mask is { } mask)
            mask.AddTo(result, back.mm(right).to(result.dtype));
        else if (result.dtype == right.dtype)
            result.addmm_(back, right, 1, 1);
        else
            result.AddInPlace(back.mm(right).to(result.dtype));
        return result;
    }
}
