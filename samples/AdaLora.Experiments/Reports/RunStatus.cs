namespace AdaLora.Experiments.Reports;

/// <summary>How a run ended.</summary>
internal enum RunStatus
{
    Completed,

    /// <summary>Stopped by the user between two steps; what was done until then is recorded.</summary>
    Cancelled,
}
