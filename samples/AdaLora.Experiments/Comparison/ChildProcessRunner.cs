using System.Diagnostics;
using System.Runtime.InteropServices;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Comparison;

/// <summary>Trains each cell in its own process: its peak memory is then its own, and whatever ends it ends nothing else.</summary>
internal sealed partial class ChildProcessRunner(ApplicationProgram program) : ICellRunner
{
    /// <summary>The option of train that prints progress as plain lines, without tables.</summary>
    public const string ProgressOnly = "--progress-only";

    private const int TerminateSignal = 15;
    private const int ErrorLines = 5;

    public CellResult Run(ComparisonCell cell, Action<string> tell, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = program.Start(["train", .. RecordedSettings.ArgumentsOf(cell.Settings), RunOptions.Resume.Name, ProgressOnly]) };
        var errors = new Queue<string>();
        process.OutputDataReceived += (_, line) => Tell(line.Data);
        process.ErrorDataReceived += (_, line) =>
        {
            Tell(line.Data);
            Keep(line.Data);
        };
        _ = process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using (cancellationToken.Register(() => Stop(process)))
            process.WaitForExit();
        if (process.ExitCode == ExitCode.Success)
            return new CellResult(cell, SavedRun.ReadRecord(cell.Settings.OutputFolder));
        return process.ExitCode is ExitCode.Cancelled or ExitCode.Terminated && cancellationToken.IsCancellationRequested
            ? new CellResult(cell, null)
            : new CellResult(cell, null, errors.Count > 0 ? string.Join(" ", errors) : $"The training ended with exit code {process.ExitCode}.");

        void Tell(string? line)
        {
            if (!string.IsNullOrWhiteSpace(line))
                tell(line);
        }

        void Keep(string? line)
        {
            if (string.IsNullOrWhiteSpace(line))
                return;
            errors.Enqueue(line.Trim());
            if (errors.Count > ErrorLines)
                _ = errors.Dequeue();
        }
    }

    // Ctrl-C at a terminal reaches the child by itself; a cancellation from elsewhere does not. On Windows only the former is possible.
    private static void Stop(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited)
            _ = Kill(process.Id, TerminateSignal);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
