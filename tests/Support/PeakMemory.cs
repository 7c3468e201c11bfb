using System.Globalization;
using System.Runtime.InteropServices;
using Xunit;

namespace AdaLora.TestSupport;

/// <summary>How much memory something needs at most, as Linux counts it. Tests of one project run one after another, so that nothing else counts.</summary>
internal static class PeakMemory
{
    private const string Reset = "/proc/self/clear_refs";
    private const string Status = "/proc/self/status";

    /// <summary>The growth of the resident set while something runs, at its largest, in bytes.</summary>
    public static long Of(Action run)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && CanReset(), $"The peak of this process's memory can't be reset: '{Reset}' is not writable.");
        GC.Collect();
        GC.WaitForPendingFinalizers();
        _ = Trim(0);
        var before = Read("VmRSS:");
        File.WriteAllText(Reset, "5");
        run();
        return Read("VmHWM:") - before;
    }

    // Gives back what was freed, so that using it again counts.
    [DllImport("libc", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Trim(nint keep);

    private static bool CanReset()
    {
        try
        {
            File.WriteAllText(Reset, "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A line such as "VmHWM:     12345 kB".
    private static long Read(string name)
    {
        var line = File.ReadLines(Status).First(line => line.StartsWith(name, StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
