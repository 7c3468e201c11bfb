using System.Diagnostics;

namespace AdaLora.TestSupport;

/// <summary>Named pipes, which block whoever opens them until somebody opens the other end.</summary>
internal static class Pipes
{
    public static void Make(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
    }
}
