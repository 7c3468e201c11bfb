using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace AdaLora.Internals;

/// <summary>
/// libtorch's count of the in-place changes to a tensor and all its views, by which a backward pass recognises that something has changed. TorchSharp does not expose it; libtorch exports
/// the function, whose name is known here for Linux and macOS.
/// </summary>
internal static unsafe class TensorVersion
{
    private const string Symbol = "_ZN2at4_ops8_version4callERKNS_6TensorE";

    // What TorchSharp calls a handle is the address of an at::Tensor.
    private static readonly delegate* unmanaged[Cdecl]<nint, long> Version = Find();

    /// <summary>The number of changes so far, or null where it cannot be known.</summary>
    public static long? Of(Tensor tensor) => Version is null ? null : Version(tensor.Handle);

    private static delegate* unmanaged[Cdecl]<nint, long> Find() =>
        !OperatingSystem.IsWindows() && NativeLibrary.TryLoad("LibTorchSharp", typeof(TorchSharp.torch).Assembly, null, out var library) && NativeLibrary.TryGetExport(library, Symbol, out var address)
            ? (delegate* unmanaged[Cdecl]<nint, long>)address
            : null;
}
