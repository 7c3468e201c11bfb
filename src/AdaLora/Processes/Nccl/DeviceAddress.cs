using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Processes.Nccl;

/// <summary>Where a tensor's numbers are in its device's memory, which TorchSharp does not tell.</summary>
internal static unsafe class DeviceAddress
{
    private static readonly Lazy<nint> Function = new(() => NativeLibrary.GetExport(NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null), "THSTensor_data"));

    /// <summary>The address of the first number of a contiguous tensor, valid for as long as the tensor is.</summary>
    public static nint Of(Tensor tensor) => ((delegate* unmanaged[Cdecl]<nint, nint>)Function.Value)(tensor.Handle);
}
