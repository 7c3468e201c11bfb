using System.Runtime.InteropServices;
using System.Text;

namespace AdaLora.Mpi;

/// <summary>A loaded MPI library: the functions that training needs, and the constants of its family.</summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>Names another library than the launcher's.</summary>
    public const string Variable = "ADALORA_MPI_LIBRARY";

    private const string StandardAbi = "libmpi_abi";
    private const int MostText = 8192;

    private static readonly string[] OpenMpiNames = ["libmpi.so.40", "libmpi.40.dylib", "libmpi.so", "libmpi.dylib"];
    private static readonly string[] MpichNames = ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "libmpi.so", "msmpi.dll"];
    private static readonly string[] StandardNames = ["libmpi_abi.so.0", "libmpi_abi.so"];

    private readonly nint _handle;

    private MpiLibrary(nint handle, string name)
    {
        (_handle, Name) = (handle, name);
        Version = ReadVersion();
        Abi = name.Contains(StandardAbi, StringComparison.Ordinal) ? MpiAbi.Standard : Version.Contains("Open MPI", StringComparison.Ordinal) ? MpiAbi.OpenMpi(handle) : MpiAbi.Mpich;
        InitThread = (delegate* unmanaged[Cdecl]<nint, nint, int, int*, int>)Export("MPI_Init_thread");
        Finalize = (delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize");
        Abort = (delegate* unmanaged[Cdecl]<nint, int, int>)Export("MPI_Abort");
        CommRank = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_rank");
        CommSize = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("MPI_Comm_size");
        AllReduce = (delegate* unmanaged[Cdecl]<nint, void*, int, nint, nint, nint, int>)Export("MPI_Allreduce");
        Broadcast = (delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
        AllGather = (delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int>)Export("MPI_Allgather");
        StartBarrier = (delegate* unmanaged[Cdecl]<nint, nint*, int>)Export("MPI_Ibarrier");
        Test = (delegate* unmanaged[Cdecl]<nint*, int*, nint, int>)Export("MPI_Test");
        Probe = (delegate* unmanaged[Cdecl]<int, int, nint, int*, nint, int>)Export("MPI_Iprobe");
        Send = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, int>)Export("MPI_Send");
        Receive = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint, int>)Export("MPI_Recv");
    }

    public string Name { get; }

    /// <summary>What the library says of itself.</summary>
    public string Version { get; }

    public MpiAbi Abi { get; }

    public delegate* unmanaged[Cdecl]<nint, nint, int, int*, int> InitThread { get; }

    public delegate* unmanaged[Cdecl]<int> Finalize { get; }

    public delegate* unmanaged[Cdecl]<nint, int, int> Abort { get; }

    public delegate* unmanaged[Cdecl]<nint, int*, int> CommRank { get; }

    public delegate* unmanaged[Cdecl]<nint, int*, int> CommSize { get; }

    public delegate* unmanaged[Cdecl]<nint, void*, int, nint, nint, nint, int> AllReduce { get; }

    public delegate* unmanaged[Cdecl]<void*, int, nint, int, nint, int> Broadcast { get; }

    public delegate* unmanaged[Cdecl]<void*, int, nint, void*, int, nint, nint, int> AllGather { get; }

    public delegate* unmanaged[Cdecl]<nint, nint*, int> StartBarrier { get; }

    public delegate* unmanaged[Cdecl]<nint*, int*, nint, int> Test { get; }

    public delegate* unmanaged[Cdecl]<int, int, nint, int*, nint, int> Probe { get; }

    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, int> Send { get; }

    public delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint, int> Receive { get; }

    /// <summary>Loads the library that was asked for, or the one of the launcher.</summary>
    /// <exception cref="MpiException">There is none.</exception>
    public static MpiLibrary Load(string? wanted, Launcher? launcher)
    {
        wanted ??= Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : null;
        string[] names = wanted is not null ? [wanted]
            : launcher is { Name: Launcher.Mpich } ? [.. MpichNames, .. StandardNames]
            : launcher is not null ? [.. OpenMpiNames, .. StandardNames]
            : [.. OpenMpiNames, .. MpichNames, .. StandardNames];
        foreach (var name in names)
        {
            if (!NativeLibrary.TryLoad(name, out var handle))
                continue;
            if (!NativeLibrary.TryGetExport(handle, "MPI_Init_thread", out _))
                throw new MpiException($"'{name}' is not an MPI library: it has no MPI_Init_thread.");
            try
            {
                return new MpiLibrary(handle, name);
            }
            catch (EntryPointNotFoundException e)
            {
                throw new MpiException($"'{name}' cannot be used: {e.Message}", e);
            }
        }

        throw new MpiException(
            $"No MPI library was found; tried {string.Join(", ", names)}. Install one (on Debian: openmpi-bin with libopenmpi3, or mpich), add its folder to the loader's path, or name it with {Variable}.");
    }

    private nint Export(string name) => NativeLibrary.GetExport(_handle, name);

    private string ReadVersion()
    {
        var read = (delegate* unmanaged[Cdecl]<byte*, int*, int>)Export("MPI_Get_library_version");
        var text = stackalloc byte[MostText];
        var length = 0;
        _ = read(text, &length);
        return Encoding.UTF8.GetString(text, Math.Clamp(length, 0, MostText)).Trim('\0', ' ', '\n');
    }
}
