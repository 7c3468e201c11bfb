using System.Diagnostics;

namespace AdaLora.Benchmarks;

/// <summary>Runs programs to their end, one at a time.</summary>
/// <remarks>
/// A child's peak according to getrusage includes what the process that started it needed before: a program that compares peaks must itself stay small and load no model.
/// </remarks>
internal static class ChildProcess
{
    private const int ErrorCharacters = 2000;

    /// <param name="program">The executable.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables to add to the environment; null for none.</param>
    /// <param name="accept">Exit codes besides 0 that are not failures.</param>
    /// <exception cref="ChildProcessException">The program could not be started, or failed.</exception>
    public static ChildResult Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, params IReadOnlyList<int> accept)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var watch = Stopwatch.StartNew();
        using var process = Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var elapsed = watch.Elapsed;
        if (process.ExitCode != 0 && !accept.Contains(process.ExitCode))
            throw new ChildProcessException($"{Path.GetFileName(program)} ended with exit code {process.ExitCode}: {Tail(errors.Result)}");
        return new ChildResult(process.ExitCode, output, elapsed);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new ChildProcessException($"{start.FileName} cannot be started: {e.Message}");
        }
    }

    private static string Tail(string text) => text.Trim() is { Length: > ErrorCharacters } all ? "... " + all[^ErrorCharacters..] : text.Trim();
}
