using System.Diagnostics;
using System.Globalization;

namespace AdaLora.Experiments.Programs;

/// <summary>The memory this process has needed so far.</summary>
internal static class ProcessMemory
{
    private const double KilobytesPerMegabyte = 1024;
    private const double BytesPerMegabyte = 1024 * 1024;

    /// <summary>The largest resident set, in megabytes of 2^20 bytes.</summary>
    public static double PeakMegabytes()
    {
        if (OperatingSystem.IsLinux() && ReadHighWaterMark() is { } kilobytes)
            return kilobytes / KilobytesPerMegabyte;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / BytesPerMegabyte;
    }

    // A line such as "VmHWM:     12345 kB"; .NET leaves PeakWorkingSet64 at the current size on Linux.
    private static double? ReadHighWaterMark()
    {
        const string Status = "/proc/self/status";
        var line = File.Exists(Status) ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        var parts = line?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return parts is [_, var number, _] && double.TryParse(number, CultureInfo.InvariantCulture, out var kilobytes) ? kilobytes : null;
    }
}
