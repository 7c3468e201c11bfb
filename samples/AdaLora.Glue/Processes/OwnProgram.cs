using System.Diagnostics;

namespace AdaLora.Glue;

/// <summary>Starts the application itself once more, as it was started: by its own executable, or by dotnet with its assembly.</summary>
internal static class OwnProgram
{
    /// <summary>How to start it, with its output and error streams redirected.</summary>
    public static ProcessStartInfo Start(params IEnumerable<string> arguments)
    {
        var assembly = typeof(OwnProgram).Assembly.Location;
        var executable = Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null);
        string[] program = File.Exists(executable) ? [executable] : [Environment.ProcessPath!, assembly];
        return new ProcessStartInfo(program[0], [.. program.Skip(1), .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
    }
}
