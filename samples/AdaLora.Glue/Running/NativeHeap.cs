using System.Runtime.InteropServices;

namespace AdaLora.Glue;

/// <summary>The heap that libtorch takes the memory of tensors from, on Linux that of glibc.</summary>
internal static class NativeHeap
{
    // M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of mallopt(3), and the largest value that it takes for the second.
    private const int TrimThreshold = -1, MappingThreshold = -3, LargestMappingThreshold = 32 << 20;

    private delegate int SetOption(int option, int value);

    /// <summary>
    /// Makes the heap keep what is freed for what is allocated next. By default it gives large blocks back to the system, which must then clear them page by page for the next step: a tenth of a training's time.
    /// Does nothing where the heap is another one, or where the user has set it up by glibc's environment variables.
    /// </summary>
    /// <returns>Whether the heap does so from now on.</returns>
    public static bool KeepFreedMemory()
    {
        if (!OperatingSystem.IsLinux() || IsSetUp() || !NativeLibrary.TryLoad("libc.so.6", out var library) || !NativeLibrary.TryGetExport(library, "mallopt", out var address))
            return false;
        var set = Marshal.GetDelegateForFunctionPointer<SetOption>(address);
        return set(MappingThreshold, LargestMappingThreshold) != 0 && set(TrimThreshold, int.MaxValue) != 0;
    }

    private static bool IsSetUp() =>
        Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name is "GLIBC_TUNABLES" || name.StartsWith("MALLOC_", StringComparison.Ordinal));
}
