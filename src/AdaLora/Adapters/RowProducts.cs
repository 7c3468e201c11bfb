using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>
/// Products of rows with a matrix, without a graph. Where oneDNN is the faster of libtorch's two libraries for them (<see cref="OneDnn"/>), they are passed to it as convolutions with a
/// one-pixel kernel, the only form in which libtorch hands it single-precision products. Where nothing is trained, a few rows can be multiplied by <see cref="FewRows"/>. The numbers are
/// the same sums in a different order.
/// </summary>
internal static class RowProducts
{
    // Below this, the call and the copies around it cost more than they gain; measured on a Zen 5 with two threads.
    private const int FewestRows = 64, FewestFeatures = 64, FewestOutputs = 5;
    private const long LeastWork = 5_000_000;

    /// <summary>
    /// oneDNN compiles and keeps code for each number of rows, half a megabyte each time. Rows are padded to a multiple of this, so that texts of all lengths need only a few different
    /// numbers. The encoders of AdaLora.Transformers already have such numbers of rows.
    /// </summary>
    private const int RowStep = 16;

    /// <summary>rows · W' + b.</summary>
    /// <param name="rows">(n, in).</param>
    /// <param name="weight">W, (out, in), in the dtype of the rows.</param>
    /// <param name="bias">b, (out), in the dtype of the rows, or null.</param>
    /// <returns>(n, out).</returns>
    public static Tensor Linear(Tensor rows, Tensor weight, Tensor? bias) =>
        OneDnn.IsFaster && Suits(rows, weight) && weight.shape[0] >= FewestOutputs && weight.shape[1] >= FewestFeatures
            ? Convolve(rows, weight, bias)
            : Product(rows, r => nn.functional.linear(r, weight, bias));

    /// <summary>
    /// Whether rows are few, and nothing is recorded for a backward pass. Not for a layer that has just got its adapter: its output is to stay what libtorch computed, to the last bit.
    /// </summary>
    /// <param name="rows">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    public static bool AreFew(Tensor rows, Tensor weight, Tensor? bias) =>
        !is_grad_enabled() && HostMemory.Holds(rows) && HostMemory.Holds(weight) && (bias is null || HostMemory.Holds(bias))
        && rows.shape is [.., var features] && rows.numel() <= FewRows.Most * features && weight.shape is [_, var inputs] && inputs == features;

    /// <summary>rows · W' + b, if <see cref="AreFew"/>.</summary>
    /// <param name="rows">(..., in).</param>
    /// <param name="weight">W, (out, in).</param>
    /// <param name="bias">b, (out), or null.</param>
    /// <returns>(..., out).</returns>
    public static Tensor OfFew(Tensor rows, Tensor weight, Tensor? bias)
    {
        var count = (int)(rows.numel() / weight.shape[1]);
        var result = empty([.. rows.shape[..^1], weight.shape[0]], device: rows.device);
        FewRows.Multiply(HostMemory.Of(rows), HostMemory.Of(weight), bias is null ? [] : HostMemory.Of(bias), HostMemory.Of(result), count, get_num_threads());
        return result;
    }

    /// <summary>rows · W.</summary>
    /// <param name="rows">(n, out).</param>
    /// <param name="weight">W, (out, in), in the dtype of the rows.</param>
    /// <returns>(n, in).</returns>
    public static Tensor Multiply(Tensor rows, Tensor weight) =>
        OneDnn.IsFaster && Suits(rows, weight) && Math.Min(weight.shape[0], weight.shape[1]) >= FewestFeatures
            ? ConvolveTransposed(rows, weight)
            : Product(rows, r => r.mm(weight));

    /// <summary><see cref="Linear"/> computed by oneDNN.</summary>
    internal static Tensor Convolve(Tensor rows, Tensor weight, Tensor? bias) =>
        ProductOfFilled(rows, filled => Rows(nn.functional.conv2d(Pixels(filled), Kernel(weight), bias)));

    /// <summary><see cref="Multiply"/> computed by oneDNN.</summary>
    internal static Tensor ConvolveTransposed(Tensor rows, Tensor weight) =>
        ProductOfFilled(rows, filled => Rows(nn.functional.conv_transpose2d(Pixels(filled), Kernel(weight))));

    // libtorch passes a one-pixel convolution to oneDNN only if there are several threads.
    private static bool Suits(Tensor rows, Tensor weight) =>
        rows.device_type == TorchSharp.DeviceType.CPU && rows.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32
        && rows.shape[0] >= FewestRows && rows.shape[0] * weight.numel() >= LeastWork && weight.is_contiguous() && get_num_threads() > 1;

    // On a CPU, bfloat16 products are always computed by oneDNN.
    private static bool IsCompiledPerSize(Tensor rows) =>
        rows.device_type == TorchSharp.DeviceType.CPU && rows.dtype == ScalarType.BFloat16 && rows.shape[0] >= FewestRows && rows.shape[0] % RowStep != 0;

    private static Tensor Product(Tensor rows, Func<Tensor, Tensor> product) => IsCompiledPerSize(rows) ? ProductOfFilled(rows, product) : product(rows);

    private static Tensor ProductOfFilled(Tensor rows, Func<Tensor, Tensor> product)
    {
        using var scope = NewDisposeScope();
        var missing = (RowStep - (rows.shape[0] % RowStep)) % RowStep;
        var filled = missing == 0 ? rows.contiguous() : cat([rows, rows.new_zeros(missing, rows.shape[1])]);
        return product(filled).narrow(0, 0, rows.shape[0]).MoveToOuterDisposeScope();
    }

    // (1, features, n, 1) with the features of each position adjacent in memory, as in a row.
    private static Tensor Pixels(Tensor rows) => rows.view(1, rows.shape[0], 1, rows.shape[1]).permute(0, 3, 1, 2);

    private static Tensor Kernel(Tensor weight) => weight.view(weight.shape[0], weight.shape[1], 1, 1);

    private static Tensor Rows(Tensor pixels) => pixels.permute(0, 2, 3, 1).reshape(-1, pixels.shape[1]);
}
