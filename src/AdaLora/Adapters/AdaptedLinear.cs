using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// y = x W' + b + scale · dropout(x) Q' diag(lambda) P' over a frozen W in a single graph node: the product is added in place, and the backward pass keeps neither the dropped input nor the mask but
/// recomputes them. Intended for custom layers; <see cref="SvdLinear"/> uses it by itself.
/// </summary>
public static class AdaptedLinear
{
    /// <summary>Applies a frozen linear layer and its adapter. The result can be differentiated once, but not twice.</summary>
    /// <param name="input">x, (..., in), floating point.</param>
    /// <param name="weight">W, (out, in), which gets no gradient. Its dtype may differ from the input's, which is then converted to it for the products with W.</param>
    /// <param name="bias">b, (out), or null.</param>
    /// <param name="left">P, (out, rank), float32 or float64.</param>
    /// <param name="lambda">lambda, rank entries in the dtype of P, or null for all ones: plain LoRA.</param>
    /// <param name="right">Q, (rank, in), in the dtype of P.</param>
    /// <param name="scale">Factor of the adapter's product.</param>
    /// <param name="dropout">Rate in front of Q, in [0, 1); 0 in evaluation. Must be 0 except on a CPU: only there can masks be recomputed.</param>
    /// <returns>(..., out) in the dtype of the input.</returns>
    /// <exception cref="ArgumentException">Shapes, dtypes or devices do not match, or a tensor is sparse.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="dropout"/> is outside [0, 1).</exception>
    /// <exception cref="InvalidOperationException">
    /// An earlier backward pass through such a layer failed, so that gradients are missing: for example because a tensor was changed in place after the forward pass. A backward pass must not throw
    /// itself: its gradients are zeros. <see cref="AdaLoraModel.BeforeOptimizerStep"/> throws it too, whichever comes first. For layers outside a model, it is thrown on the thread that ran
    /// the forward pass.
    /// </exception>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor? bias, Tensor left, Tensor? lambda, Tensor right, double scale, double dropout = 0)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(weight);
        if (dropout is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(dropout), dropout, "The dropout rate must lie in [0, 1).");
        if (dropout > 0 && input.numel() > 0 && !DropoutMask.Suits(input))
            throw new ArgumentException($"Dropout within the layer needs an input on the CPU with fewer than 2^29 entries; this one has {input.numel()} entries on {input.device}.", nameof(input));

        return Apply(input, new DenseForm(weight), bias, left, lambda, right, new AdapterSettings(scale, dropout > 0 && input.numel() > 0 ? DropoutMask.Draw(dropout) : null));
    }

    internal static Tensor Apply(Tensor input, WeightForm weight, Tensor? bias, Tensor left, Tensor? lambda, Tensor right, AdapterSettings settings)
    {
        Check(input, weight.Tensors[0], bias, left, lambda, right, weight.Dtype);
        using var scope = NewDisposeScope();
        var needsGraph = is_grad_enabled() && ((Tensor?[])[input, bias, left, lambda, right]).Any(t => t is { requires_grad: true });
        if (needsGraph)
            settings.Failure.ThrowIfAny();
        var output = needsGraph
            ? AdaptedLinearFunction.apply(input, weight, bias!, left, lambda!, right, settings)
            : Forward(input, weight, bias, left, lambda, right, settings).Output;
        return output.MoveToOuterDisposeScope();
    }

    internal static (Tensor Output, Tensor Low) Forward(Tensor input, WeightForm weight, Tensor? bias, Tensor left, Tensor? lambda, Tensor right, AdapterSettings settings)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var rows = input.reshape(-1, right.shape[1]);
        var output = weight.Linear(rows.to(weight.Dtype), bias?.to(weight.Dtype)).to(input.dtype);
        var low = RowProducts.Linear(settings.Drop(rows.to(left.dtype)), right, null);
        var scaled = settings.Scaled(low, lambda);
        if (output.dtype == left.dtype)
            output.addmm_(scaled, left.t(), 1, 1);
        else
            output.AddInPlace(scaled.mm(left.t()).to(output.dtype));
        // Detached, because autograd does not allow a function's output to be changed in place if it is a view.
        return (output.view([.. input.shape[..^1], left.shape[0]]).detach().MoveToOuterDisposeScope(), low.MoveToOuterDisposeScope());
    }

    // Runs in every forward pass: Tensor.shape allocates and takes microseconds, Tensor.size does neither.
    internal static void Check(Tensor input, Tensor weight, Tensor? bias, Tensor left, Tensor? lambda, Tensor right, ScalarType computed)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        var problems = new Problems();
        RequirePlace(input, nameof(input), weight, problems);
        RequirePlace(bias, nameof(bias), weight, problems);
        RequirePlace(left, nameof(left), weight, problems);
        RequirePlace(lambda, nameof(lambda), weight, problems);
        RequirePlace(right, nameof(right), weight, problems);
        RequirePlace(weight, nameof(weight), weight, problems);
        problems.Require(weight.dim() == 2 && left.dim() == 2 && right.dim() == 2, "weight, left and right must have two dimensions");
        problems.Require(input.dim() >= 1, "the input must have at least one dimension");
        problems.ThrowIfAny("The adapted layer cannot be computed");
        var (rows, columns, rank, features) = (weight.size(0), weight.size(1), right.size(0), input.size((int)input.dim() - 1));
        problems.Require(features == columns, $"the input has {features} features, but the weight has {columns}");
        problems.Require(right.size(1) == columns, $"right has {right.size(1)} columns, but the weight has {columns}");
        problems.Require(left.size(0) == rows, $"left has {left.size(0)} rows, but the weight has {rows}");
        problems.Require(left.size(1) == rank && (lambda is null || lambda.numel() == rank), $"left ({left.size(1)}), lambda ({lambda?.numel()}) and right ({rank}) differ in rank");
        problems.Require(bias is null || (bias.dim() == 1 && bias.size(0) == rows), $"the bias must have {rows} entries");
        problems.Require(left.dtype == right.dtype && (lambda is null || lambda.dtype == left.dtype), "left, lambda and right differ in dtype");
        problems.Require(input.is_floating_point() && is_floating_point(computed) && (bias is null || bias.is_floating_point()), "input, weight and bias must be floating point");
        problems.Require(left.dtype is ScalarType.Float32 or ScalarType.Float64, "left, lambda and right must be float32 or float64");
        problems.Require(!weight.requires_grad, "the weight must be frozen");
        problems.ThrowIfAny("The adapted layer cannot be computed");
    }

    private static void RequirePlace(Tensor? tensor, string name, Tensor weight, Problems problems)
    {
        problems.Require(tensor is not { is_sparse: true }, $"{name} must not be sparse");
        problems.Require(tensor is null || (tensor.device_type == weight.device_type && tensor.device_index == weight.device_index), $"{name} must be on the device of the weight");
    }
}
