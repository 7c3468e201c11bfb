using System.Runtime.InteropServices;

namespace AdaLora.Experiments.Programs;

/// <summary>Limits that a shell or a job scheduler sets for a process, and what it looks like to run into them.</summary>
internal static partial class ProcessLimits
{
    private const int SignalOfFileSize = 25;

    // Training with one thread needs about a hundred.
    private const ulong EnoughFiles = 256;

    private static readonly int OpenFiles = OperatingSystem.IsMacOS() ? 8 : 7;

    // For as long as the process lives: a signal is answered on another thread, which may get to it after the failure has been reported and the program is about to end. Without an answer
    // the process would be killed.
    private static readonly Lazy<IDisposable?> FileSizeSignal = new(() =>
        OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)SignalOfFileSize, context => context.Cancel = true));

    /// <summary>Makes writing beyond the largest file size fail like any other write, from now on, instead of ending the process.</summary>
    public static void FailOnFileSize() => _ = FileSizeSignal.Value;

    /// <summary>How a failure is related to the limit on open files; null if it is not. Once the limit is reached, whatever is loaded next seems to be missing.</summary>
    public static string? Explain(Exception failure) => Explain(failure, MostOpenFiles());

    internal static string? Explain(Exception failure, ulong? limit) => limit < EnoughFiles && Chain(failure).Any(IsAboutFiles)
        ? $"This process may have only {limit} files open at a time, which is too few. Raise the limit with 'ulimit -n 1024'. ({failure.Message.Trim()})"
        : null;

    private static IEnumerable<Exception> Chain(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
            yield return e;
    }

    private static bool IsAboutFiles(Exception e) => e switch
    {
        FileLoadException or BadImageFormatException or DllNotFoundException => true,
        // An assembly.
        FileNotFoundException { FileName: { } name } => !Path.IsPathRooted(name),
        IOException => e.Message.StartsWith("Too many open files", StringComparison.Ordinal),
        _ => false,
    };

    private static ulong? MostOpenFiles() => !OperatingSystem.IsWindows() && GetLimit(OpenFiles, out var limit) == 0 ? limit.Current : null;

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, out Limit limit);

    [StructLayout(LayoutKind.Sequential)]
    private struct Limit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
