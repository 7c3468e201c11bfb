using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The element type in which the products of low-rank adapters are computed. Their weights stay in single or double precision.</summary>
internal static class ProductPrecision
{
    /// <summary>
    /// On a CPU, that of the weights. On a device, half precision if the input is in it: matrix units multiply in half precision, accumulate in single precision, and are several times
    /// faster than in single precision.
    /// </summary>
    /// <param name="input">The layer's input.</param>
    /// <param name="weights">The element type of the adapter's weights.</param>
    public static ScalarType Of(Tensor input, ScalarType weights) =>
        !HostMemory.IsPlaceOf(input) && input.dtype is (ScalarType.BFloat16 or ScalarType.Float16) ? input.dtype : weights;

    /// <summary>The tensor in the given element type: itself, if it already has it.</summary>
    public static Tensor In(this Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor : tensor.to(dtype);
}
