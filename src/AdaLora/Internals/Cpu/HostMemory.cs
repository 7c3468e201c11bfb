using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// Tensor memory in this process, so that this library's code can work on it directly. Unlike a <see cref="HostRead"/> it never waits for a device: a tensor on a device is refused.
/// </summary>
internal static class HostMemory
{
    /// <summary>Whether this library's code works on memory at all. If not, the CPU is treated like every other device: tensor operations only.</summary>
    public static bool IsUsed { get; set; } = true;

    /// <summary>Whether a tensor is on the CPU, where this library's code computes. For tensors elsewhere, calling that code would stall the device.</summary>
    public static bool IsPlaceOf(Tensor tensor) => IsUsed && tensor.device_type == TorchSharp.DeviceType.CPU;

    /// <summary>Whether the entries are a contiguous row of single-precision numbers in this process's memory.</summary>
    public static bool Holds(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32 && IsPlaceOf(tensor) && tensor.numel() is > 0 and <= int.MaxValue / sizeof(float) && tensor.is_contiguous();

    /// <summary>Whether both tensors, of which <see cref="Holds"/> is true for the second, are the same entries in the same order.</summary>
    public static bool IsSame(Tensor one, Tensor other) =>
        Holds(one) && one.numel() == other.numel() && Unsafe.AreSame(ref MemoryMarshal.GetReference(Of(one)), ref MemoryMarshal.GetReference(Of(other)));

    /// <summary>The entries, valid for as long as the tensor is.</summary>
    public static Span<float> Of(Tensor tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor));

    /// <summary>The first entry of a contiguous tensor.</summary>
    public static T First<T>(Tensor tensor)
        where T : unmanaged => MemoryMarshal.Read<T>(Bytes(tensor));

    /// <summary>The bytes of a contiguous tensor, valid for as long as the tensor is.</summary>
    /// <exception cref="InvalidOperationException">The tensor is on a device.</exception>
    public static Span<byte> Bytes(Tensor tensor)
    {
        if (tensor.device_type != TorchSharp.DeviceType.CPU)
            throw new InvalidOperationException($"The tensor is on {tensor.device}, not in the host's memory.");
#pragma warning disable RS0030 // Nothing is waited for.
        return tensor.bytes;
#pragma warning restore RS0030
    }
}
