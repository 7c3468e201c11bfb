using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace AdaLora.GpuCheck;

/// <summary>
/// Counts the work that is submitted to the card. CUPTI, which PyTorch's wheels bring along and libtorch has loaded, calls back at each call of the driver; the process can have one counter at a time.
/// </summary>
internal sealed unsafe class LaunchCounter : IDisposable
{
    // CUPTI_CB_DOMAIN_DRIVER_API of cupti_callbacks.h.
    private const int Driver = 1;

    // CUpti_CallbackData: the site (0 at entry), the function's name, its parameters, its result, the kernel's name.
    private const int FunctionName = 8, SymbolName = 32;

    private static readonly object Gate = new();
    private static readonly Dictionary<nint, int> Kernels = [];
    private static readonly Dictionary<nint, int> Calls = [];
    private static bool _counts;

    private readonly delegate* unmanaged[Cdecl]<uint, nint, int, int> _enable;
    private readonly delegate* unmanaged[Cdecl]<nint, int> _unsubscribe;
    private readonly nint _subscriber;

    private LaunchCounter(nint library)
    {
        var subscribe = (delegate* unmanaged[Cdecl]<nint*, delegate* unmanaged[Cdecl]<nint, int, int, nint, void>, nint, int>)NativeLibrary.GetExport(library, "cuptiSubscribe");
        _enable = (delegate* unmanaged[Cdecl]<uint, nint, int, int>)NativeLibrary.GetExport(library, "cuptiEnableDomain");
        _unsubscribe = (delegate* unmanaged[Cdecl]<nint, int>)NativeLibrary.GetExport(library, "cuptiUnsubscribe");
        nint subscriber;
        Check(subscribe(&subscriber, &Called, 0), "cuptiSubscribe");
        _subscriber = subscriber;
    }

    /// <summary>The counter, or null where there is no CUPTI.</summary>
    public static LaunchCounter? Start() => LoadedLibrary.Find("libcupti") is { } library ? new LaunchCounter(library) : null;

    /// <summary>What some work, and what it sets off on other threads until <paramref name="wait"/> returns, gives to the card.</summary>
    public LaunchCounts Count(Action work, Action wait)
    {
        lock (Gate)
        {
            Kernels.Clear();
            Calls.Clear();
            _counts = true;
        }

        // Only now, because calls back make every call of the driver several times as long.
        Check(_enable(1, _subscriber, Driver), "cuptiEnableDomain");
        work();
        lock (Gate)
            _counts = false;
        wait();
        Check(_enable(0, _subscriber, Driver), "cuptiEnableDomain");
        lock (Gate)
            return new LaunchCounts(Named(Kernels), Named(Calls));
    }

    public void Dispose() => Check(_unsubscribe(_subscriber), "cuptiUnsubscribe");

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Called(nint user, int domain, int id, nint data)
    {
        if (*(int*)data != 0)
            return;
        lock (Gate)
        {
            if (!_counts)
                return;
            // Names are constants of the driver and of loaded modules, so that their addresses stand for them.
            var function = *(nint*)(data + FunctionName);
            CollectionsMarshal.GetValueRefOrAddDefault(Calls, function, out _)++;
            if (Utf8(function).StartsWith("cuLaunchKernel", StringComparison.Ordinal))
                CollectionsMarshal.GetValueRefOrAddDefault(Kernels, *(nint*)(data + SymbolName), out _)++;
        }
    }

    private static string Utf8(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    private static IReadOnlyDictionary<string, int> Named(Dictionary<nint, int> counts) =>
        counts.GroupBy(count => Utf8(count.Key)).ToDictionary(group => group.Key, group => group.Sum(count => count.Value));

    private static void Check(int error, string function)
    {
        if (error != 0)
            throw new InvalidOperationException($"{function} returned the CUPTI error {error}.");
    }
}

/// <summary>The work that was submitted to the card.</summary>
/// <param name="Kernels">Launches by the kernel's mangled name.</param>
/// <param name="Calls">Calls of the driver by function.</param>
internal sealed record LaunchCounts(IReadOnlyDictionary<string, int> Kernels, IReadOnlyDictionary<string, int> Calls)
{
    public int Launches => Kernels.Values.Sum();

    public int CopiesAndFills => Calls.Where(call => call.Key.StartsWith("cuMemcpy", StringComparison.Ordinal) || call.Key.StartsWith("cuMemset", StringComparison.Ordinal)).Sum(call => call.Value);
}
