using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLora.Parameters;

/// <summary>Tensors whose entries lie in this process's memory as a row of single-precision numbers, so that code of this library can work on them directly.</summary>
internal static class HostMemory
{
    /// <summary>Whether that is so.</summary>
    public static bool Holds(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == TorchSharp.DeviceType.CPU && tensor.numel() is > 0 and <= int.MaxValue / sizeof(float) && tensor.is_contiguous();

    /// <summary>The entries, valid as long as the tensor is.</summary>
    public static Span<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
