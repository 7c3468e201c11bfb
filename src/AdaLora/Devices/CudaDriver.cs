using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Devices;

/// <summary>
/// What NVIDIA's driver reports, through the library that comes with it (libcuda.so.1, nvcuda.dll): whether there are GPUs, their names and their memory. TorchSharp has no calls for these.
/// GPU indices are those used by libtorch, respecting CUDA_VISIBLE_DEVICES.
/// </summary>
internal sealed unsafe class CudaDriver
{
    private const int NameLength = 256;
    private const int NoDevice = 100;

    private readonly nint _library;

    private CudaDriver(nint library) => _library = library;

    public static string LibraryName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Loads and initialises the driver.</summary>
    /// <param name="driver">The driver, if it works and has a GPU.</param>
    /// <returns>Why there is none; null if there is one.</returns>
    public static string? Open(out CudaDriver? driver)
    {
        driver = null;
        if (!NativeLibrary.TryLoad(LibraryName, out var library))
            return $"there is no NVIDIA driver ({LibraryName} was not found)";
        var opened = new CudaDriver(library);
        var code = ((delegate* unmanaged<uint, int>)opened.Export("cuInit"))(0);
        if (code == NoDevice || (code == 0 && opened.Count == 0))
        {
            return Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { } visible
                ? $"the NVIDIA driver sees no card (CUDA_VISIBLE_DEVICES is '{visible}')"
                : "the NVIDIA driver sees no card";
        }

        if (code != 0)
            return $"the NVIDIA driver does not start (cuInit: {opened.NameOf(code)})";
        driver = opened;
        return null;
    }

    /// <summary>Number of GPUs.</summary>
    public int Count
    {
        get
        {
            int count;
            return ((delegate* unmanaged<int*, int>)Export("cuDeviceGetCount"))(&count) == 0 ? count : 0;
        }
    }

    /// <summary>The highest CUDA version the driver can run, such as 13.0.</summary>
    public string Version
    {
        get
        {
            int version;
            return ((delegate* unmanaged<int*, int>)Export("cuDriverGetVersion"))(&version) == 0 ? $"{version / 1000}.{version % 1000 / 10}" : "unknown";
        }
    }

    /// <summary>The GPU's name, such as NVIDIA H200.</summary>
    /// <param name="index">From 0.</param>
    public string CardName(int index)
    {
        int card;
        var name = stackalloc byte[NameLength];
        return ((delegate* unmanaged<int*, int, int>)Export("cuDeviceGet"))(&card, index) == 0 && ((delegate* unmanaged<byte*, int, int, int>)Export("cuDeviceGetName"))(name, NameLength, card) == 0
            ? Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))
            : "unknown";
    }

    /// <summary>The GPU's memory; null if the driver does not report it.</summary>
    /// <param name="index">From 0.</param>
    public DeviceMemory? MemoryOf(int index)
    {
        int card;
        nint context, former;
        nuint free, total;
        if (((delegate* unmanaged<int*, int, int>)Export("cuDeviceGet"))(&card, index) != 0 || ((delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain"))(&context, card) != 0)
            return null;
        // The context that libtorch uses as well: querying does not create a second one.
        _ = ((delegate* unmanaged<nint, int>)Export("cuCtxPushCurrent_v2"))(context);
        var code = ((delegate* unmanaged<nuint*, nuint*, int>)Export("cuMemGetInfo_v2"))(&free, &total);
        _ = ((delegate* unmanaged<nint*, int>)Export("cuCtxPopCurrent_v2"))(&former);
        _ = ((delegate* unmanaged<int, int>)Export("cuDevicePrimaryCtxRelease_v2"))(card);
        return code == 0 ? new DeviceMemory((long)(total - free), (long)total) : null;
    }

    private string NameOf(int code)
    {
        byte* name;
        return ((delegate* unmanaged<int, byte**, int>)Export("cuGetErrorName"))(code, &name) == 0
            ? Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name))
            : $"error {code}";
    }

    private nint Export(string name) => NativeLibrary.GetExport(_library, name);
}
