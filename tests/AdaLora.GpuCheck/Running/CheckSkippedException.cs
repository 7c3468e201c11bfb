namespace AdaLora.GpuCheck;

/// <summary>A check cannot be run here; that is not a failure.</summary>
internal sealed class CheckSkippedException(string message) : Exception(message);
