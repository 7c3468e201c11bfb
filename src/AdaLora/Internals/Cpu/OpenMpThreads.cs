using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace AdaLora.Internals.Cpu;

/// <summary>
/// libtorch's compute threads, if they are libgomp's, as in its Linux builds. After each operation they busy-wait for the next one for a few milliseconds and keep their processors occupied, so that
/// .NET's pool threads would queue up behind them; work on libtorch's own threads starts immediately.
/// </summary>
internal static unsafe class OpenMpThreads
{
    // void GOMP_parallel(void (*fn)(void*), void* data, unsigned num_threads, unsigned flags), part of GCC's ABI since version 4.9.
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> Parallel = Find();

    private static volatile bool _stacksAreSmall;

    /// <summary>Whether they exist, with stacks large enough for managed code.</summary>
    public static bool IsAvailable => Parallel != null && !_stacksAreSmall;

    /// <summary>Calls <paramref name="work"/> once on each thread of a team, which includes the calling thread, and waits for all of them.</summary>
    /// <param name="threads">Size of the team, at least 1. It may turn out to be smaller.</param>
    /// <param name="work">The work. An exception it throws is rethrown here, the first if there are several.</param>
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
        // OMP_STACKSIZE and ulimit -s set their size. The calling thread is part of the team and does the work of those that cannot.
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
            // No exception may escape into native code.
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
