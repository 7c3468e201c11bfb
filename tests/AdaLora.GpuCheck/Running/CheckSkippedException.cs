namespace AdaLora.GpuCheck;

/// <summary>A check cannot be made here; that is no failure.</summary>
internal sealed class CheckSkippedException(string message) : Exception(message);
