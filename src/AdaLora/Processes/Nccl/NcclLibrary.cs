using System.Runtime.InteropServices;

namespace AdaLora.Processes.Nccl;

/// <summary>The functions of NCCL that training needs (its C API, version 2), and one of CUDA's runtime.</summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>Names another library than the one that the loader finds.</summary>
    public const string Variable = "ADALORA_NCCL_LIBRARY";

    /// <summary>ncclFloat32, ncclFloat64 and ncclUint8.</summary>
    public const int Float32 = 7, Float64 = 8, Byte = 1;

    /// <summary>ncclSum.</summary>
    public const int Sum = 0;

    private static readonly string[] Names = ["libnccl.so.2", "libnccl.so", "nccl.dll"];
    private static readonly string[] RuntimeNames = ["libcudart.so.12", "libcudart.so.13", "libcudart.so.11.0", "libcudart.so", "cudart64_12.dll"];

    public required delegate* unmanaged[Cdecl]<NcclUniqueId*, int> GetUniqueId { get; init; }

    public required delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int> InitRank { get; init; }

    /// <summary>Source, destination, elements, element type, operation, communicator, stream.</summary>
    public required delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> AllReduce { get; init; }

    /// <summary>Source, destination, elements, element type, root, communicator, stream.</summary>
    public required delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> Broadcast { get; init; }

    public required delegate* unmanaged[Cdecl]<nint, int> Destroy { get; init; }

    public required delegate* unmanaged[Cdecl]<int, byte*> ErrorText { get; init; }

    /// <summary>cudaSetDevice: NCCL uses the device that is the thread's own.</summary>
    public required delegate* unmanaged[Cdecl]<int, int> SetDevice { get; init; }

    /// <exception cref="NcclException">There is none.</exception>
    public static NcclLibrary Load(string? wanted)
    {
        wanted ??= Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : null;
        string[] names = wanted is null ? Names : [wanted];
        if (Open(names) is not { } library)
        {
            throw new NcclException(
                $"NCCL was not found; tried {string.Join(", ", names)}. Install it (on Debian: libnccl2; it also comes with PyTorch), add its folder to the loader's path, or name it with {Variable}.");
        }

        if (Open(RuntimeNames) is not { } runtime)
            throw new NcclException($"CUDA's runtime was not found; tried {string.Join(", ", RuntimeNames)}. It comes with libtorch for CUDA; add its folder to the loader's path.");
        try
        {
            return new NcclLibrary
            {
                GetUniqueId = (delegate* unmanaged[Cdecl]<NcclUniqueId*, int>)NativeLibrary.GetExport(library, "ncclGetUniqueId"),
                InitRank = (delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int>)NativeLibrary.GetExport(library, "ncclCommInitRank"),
                AllReduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclAllReduce"),
                Broadcast = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)NativeLibrary.GetExport(library, "ncclBroadcast"),
                Destroy = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "ncclCommDestroy"),
                ErrorText = (delegate* unmanaged[Cdecl]<int, byte*>)NativeLibrary.GetExport(library, "ncclGetErrorString"),
                SetDevice = (delegate* unmanaged[Cdecl]<int, int>)NativeLibrary.GetExport(runtime, "cudaSetDevice"),
            };
        }
        catch (EntryPointNotFoundException e)
        {
            throw new NcclException($"NCCL cannot be used: {e.Message}", e);
        }
    }

    /// <exception cref="NcclException">A function failed.</exception>
    public void Check(int code, string function)
    {
        if (code != 0)
            throw new NcclException($"{function} failed with code {code}: {Marshal.PtrToStringUTF8((nint)ErrorText(code))}. Set NCCL_DEBUG=INFO to see why.");
    }

    private static nint? Open(string[] names)
    {
        foreach (var name in names)
        {
            if (NativeLibrary.TryLoad(name, out var handle))
                return handle;
        }

        return null;
    }
}
