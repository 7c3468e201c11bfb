using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Devices;

/// <summary>
/// Whether TorchSharp's native library and libtorch agree on the layout of a tensor. TorchSharp's library reads tensors by the memory layout of the version it was built for; in another
/// version the layout may differ, and then dtypes, shapes and values are silently wrong.
/// </summary>
internal static class LibTorchSelfCheck
{
    private static readonly ScalarType[] Dtypes =
        [ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Int32, ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool];

    /// <summary>What is wrong; empty if nothing is.</summary>
    public static IReadOnlyList<string> Problems()
    {
        using var scope = NewDisposeScope();
        var problems = new Problems();
        foreach (var dtype in Dtypes)
        {
            var made = zeros(2, 3, dtype: dtype, device: CPU);
            problems.Require(made.dtype == dtype, $"a tensor of {dtype} reports the type {made.dtype}");
            problems.Require(made.shape.SequenceEqual([2L, 3L]), $"a tensor of shape 2 x 3 reports the shape {string.Join(" x ", made.shape)}");
        }

        // The following checks read memory according to what the tensors report about themselves.
        if (problems.Found.Count > 0)
            return problems.Found;
        var transposed = tensor([0L, 1, 2, 3, 4, 5], [2, 3], device: CPU).t();
        problems.Require(transposed.stride().SequenceEqual([1L, 3L]) && !transposed.is_contiguous(), $"a transposed tensor reports the strides {string.Join(", ", transposed.stride())}");
        problems.Require(HostRead.Values<long>(transposed.contiguous()).SequenceEqual([0L, 3, 1, 4, 2, 5]), "the values of a transposed tensor are wrong");
        problems.Require(transposed.select(1, 1).storage_offset() == 3, "the offset of a view is wrong");
        if (problems.Found.Count == 0)
            RequireGradients(problems);
        return problems.Found;
    }

    private static void RequireGradients(Problems problems)
    {
        var leaf = tensor([1f, -2f, 3f], device: CPU).requires_grad_();
        Squared.apply(leaf).sum().backward();
        problems.Require(leaf.grad is { } gradient && HostRead.Values<float>(gradient).SequenceEqual([2f, -4f, 6f]), "gradients through a function written in C# are wrong");
    }

    private sealed class Squared : autograd.SingleTensorFunction<Squared>
    {
        public override string Name => nameof(Squared);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var input = (Tensor)vars[0];
            ctx.save_for_backward([input]);
            return input.mul(input);
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            var input = ctx.get_saved_variables()[0];
            var product = grad_output.mul(input);
            return [cat([product.unsqueeze(0), product.unsqueeze(0)]).sum([0])];
        }
    }
}
