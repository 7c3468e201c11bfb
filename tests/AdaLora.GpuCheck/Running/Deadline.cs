using System.Diagnostics;

namespace AdaLora.GpuCheck;

/// <summary>The time that is left.</summary>
internal sealed class Deadline(double seconds)
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    public double SecondsLeft => seconds - _watch.Elapsed.TotalSeconds;
}
