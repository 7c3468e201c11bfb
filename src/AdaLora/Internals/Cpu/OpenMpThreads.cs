using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// The threads that libtorch computes on, where they are those of libgomp, as in its builds for Linux. After each operation they wait actively for the next one for some milliseconds and keep their processors busy, so that threads
/// of .NET's pool would queue up behind them; what runs on them starts at once.
/// </summary>
internal static unsafe class OpenMpThreads
{
    // void GOMP_parallel(void (*fn)(void*), void* data, unsigned num_threads, unsigned flags), part of GCC's binary interface since version 4.9.
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Parallel = Find();

    private static volatile bool _stacksAreSmall;

    /// <summary>Whether they are there, with stacks on which managed code can run.</summary>
    public static bool IsAvailable => Parallel != null && !_stacksAreSmall;

    /// <summary>Calls <paramref name="work"/> once on each thread of a team, of which the calling one is a part, and waits for all of them.</summary>
    /// <param name="threads">Size of the team, at least 1. It may turn out smaller.</param>
    /// <param name="work">An exception of it is thrown here, the first one if there are several.</param>
    public static void Run(int threads, Action work)
    {
        var team = new Team(work);
        var handle = GCHandle.Alloc(team);
        try
        {
            Parallel(&Enter, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        team.Failure?.Throw();
    }

    [UnmanagedCallersOnly]
    private static void Enter(nint handle)
    {
        // OMP_STACKSIZE and ulimit -s say how large they are. The thread that asked is one of the team and does the work of those that cannot.
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            _stacksAreSmall = true;
            return;
        }

        var team = (Team)GCHandle.FromIntPtr(handle).Target!;
        try
        {
            team.Work();
        }
        catch (Exception e)
        {
            // No exception may leave for native code.
            team.Failure ??= ExceptionDispatchInfo.Capture(e);
        }
    }

    private static delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Find() =>
        OperatingSystem.IsLinux()
        && NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var address)
            ? (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)address
            : null;

    private sealed class Team(Action work)
    {
        public Action Work { get; } = work;

        public ExceptionDispatchInfo? Failure { get; set; }
    }
}
