using System.Diagnostics;
using System.Reflection;

namespace AdaLora.Experiments.Programs;

/// <summary>Starts an application again, in the way it was started: by its own executable, or by dotnet with its assembly.</summary>
/// <param name="application">The application's assembly.</param>
internal sealed class ApplicationProgram(Assembly application)
{
    /// <summary>How to start it, with its output and error streams redirected.</summary>
    public ProcessStartInfo Start(params IEnumerable<string> arguments)
    {
        var executable = Path.ChangeExtension(application.Location, OperatingSystem.IsWindows() ? ".exe" : null);
        string[] program = File.Exists(executable) ? [executable] : [Environment.ProcessPath!, application.Location];
        return new ProcessStartInfo(program[0], [.. program.Skip(1), .. arguments]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
    }
}
