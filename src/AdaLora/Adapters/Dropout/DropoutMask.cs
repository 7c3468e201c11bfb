using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters.Dropout;

/// <summary>A dropout mask for tensors on the CPU: 0 with probability <see cref="Rate"/>, else 1 / (1 - rate). It is recomputed wherever it is needed instead of being stored.</summary>
/// <param name="Rate">In [0, 1).</param>
/// <param name="Key">Selects the mask.</param>
internal readonly record struct DropoutMask(double Rate, ulong Key)
{
    /// <summary>Number of possible keys: a power of two that is exact as a double, the type in which torch takes it.</summary>
    private const double Keys = 1L << 62;

    private double Scale => 1 / (1 - Rate);

    /// <summary>Draws a key from torch's global generator, which advances by one number.</summary>
    public static DropoutMask Draw(double rate)
    {
        using var drawn = empty(1, dtype: ScalarType.Int64, device: CPU).random_(0, Keys);
        // Mixed, so that every bit of the drawn number affects every bit of the key.
        return new DropoutMask(rate, SplitMix64.Mix(HostMemory.First<ulong>(drawn)));
    }

    /// <summary>Whether masks of this kind can be applied to a tensor; if not, libtorch's own dropout must be used.</summary>
    public static bool Suits(Tensor tensor) => tensor.device_type == TorchSharp.DeviceType.CPU && tensor.numel() is > 0 and <= int.MaxValue / sizeof(float);

    /// <summary>Whether masks of this kind should be applied to a tensor.</summary>
    public static bool IsUsedFor(Tensor tensor) => HostMemory.IsUsed && Suits(tensor);

    /// <summary>The tensor times the mask, without a graph.</summary>
    /// <param name="tensor">Any shape, floating point.</param>
    /// <returns>A new, contiguous tensor of the same shape and dtype.</returns>
    public Tensor Apply(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var result = empty(tensor.shape, dtype: tensor.dtype, device: CPU);
        if (tensor.dtype == ScalarType.Float32)
            CounterMask.Multiply(HostMemory.Of(tensor.contiguous()), HostMemory.Of(result), Rate, (float)Scale, Key, get_num_threads());
        else
            result.copy_(tensor).mul_(Kept(tensor)).MulInPlace(Scale);
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>sum := sum + tensor · mask.</summary>
    /// <param name="tensor">Shape and dtype must match <paramref name="sum"/>.</param>
    /// <param name="sum">Contiguous; changed in place.</param>
    public void AddTo(Tensor sum, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        if (sum.dtype == ScalarType.Float32)
            CounterMask.AddMultiplied(HostMemory.Of(tensor.contiguous()), HostMemory.Of(sum), Rate, (float)Scale, Key, get_num_threads());
        else
            sum.AddInPlace(tensor.mul(Kept(tensor)).MulInPlace(Scale));
    }

    private Tensor Kept(Tensor tensor)
    {
        var ones = empty(tensor.shape, dtype: ScalarType.Float32, device: CPU);
        CounterMask.Fill(HostMemory.Of(ones), Rate, 1, Key, get_num_threads());
        return ones.to(tensor.dtype);
    }
}
