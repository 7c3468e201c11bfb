using AdaLora.Internals.Cpu;
using static TorchSharp.torch;

namespace AdaLora.Adapters;

/// <summary>The element type in which the products of low-rank adapters are computed. Their weights stay in single or double precision.</summary>
internal static class ProductPrecision
{
    /// <summary>
    /// That of the weights on a CPU. On a device half precision where the input is in it: matrix units multiply it, add up in single precision, and are several times faster than in single precision.
    /// </summary>
    /// <param name="input">What the layer is given.</param>
    /// <param name="weights">The element type of the adapter's weights.</param>
    public static ScalarType Of(Tensor input, ScalarType weights) =>
        !HostMemory.IsPlaceOf(input) && input.dtype is (ScalarType.BFloat16 or ScalarType.Float16) ? input.dtype : weights;

    /// <summary>The tensor in an element type: itself, if it is in it.</summary>
    public static Tensor In(this Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor : tensor.to(dtype);
}
