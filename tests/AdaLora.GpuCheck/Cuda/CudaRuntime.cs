using System.Runtime.InteropServices;

namespace AdaLora.GpuCheck;

/// <summary>The counters of the pool that cudaMallocAsync allocates from. They are in the runtime of CUDA that libtorch has loaded into this process.</summary>
internal sealed unsafe class CudaRuntime
{
    // cudaMemPoolAttr of driver_types.h.
    private const int UsedMemoryCurrent = 7, UsedMemoryHigh = 8;

    private readonly delegate* unmanaged[Cdecl]<nint*, int, int> _defaultPool;
    private readonly delegate* unmanaged[Cdecl]<nint, int, void*, int> _getAttribute;
    private readonly delegate* unmanaged[Cdecl]<nint, int, void*, int> _setAttribute;

    private CudaRuntime(nint library)
    {
        _defaultPool = (delegate* unmanaged[Cdecl]<nint*, int, int>)NativeLibrary.GetExport(library, "cudaDeviceGetDefaultMemPool");
        _getAttribute = (delegate* unmanaged[Cdecl]<nint, int, void*, int>)NativeLibrary.GetExport(library, "cudaMemPoolGetAttribute");
        _setAttribute = (delegate* unmanaged[Cdecl]<nint, int, void*, int>)NativeLibrary.GetExport(library, "cudaMemPoolSetAttribute");
    }

    /// <summary>Bytes that are allocated from the card's pool now. Only what is allocated by cudaMallocAsync is.</summary>
    public long PoolBytes => Attribute(UsedMemoryCurrent);

    /// <summary>The most bytes that were, since the last <see cref="ResetPoolPeak"/>.</summary>
    public long PoolPeakBytes => Attribute(UsedMemoryHigh);

    /// <summary>Begins a new peak.</summary>
    public void ResetPoolPeak()
    {
        // The only value that may be set is 0.
        ulong zero = 0;
        Check(_setAttribute(Pool, UsedMemoryHigh, &zero), "cudaMemPoolSetAttribute");
    }

    /// <summary>The runtime in this process, or null where there is none.</summary>
    public static CudaRuntime? Find() => LoadedLibrary.Find("libcudart") is { } library ? new CudaRuntime(library) : null;

    private nint Pool
    {
        get
        {
            nint pool;
            Check(_defaultPool(&pool, 0), "cudaDeviceGetDefaultMemPool");
            return pool;
        }
    }

    private long Attribute(int attribute)
    {
        ulong value;
        Check(_getAttribute(Pool, attribute, &value), "cudaMemPoolGetAttribute");
        return (long)value;
    }

    private static void Check(int error, string function)
    {
        if (error != 0)
            throw new InvalidOperationException($"{function} returned the CUDA error {error}.");
    }
}
