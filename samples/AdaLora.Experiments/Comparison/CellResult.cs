using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Comparison;

/// <summary>What became of a cell.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Record">Its record; null when it failed or was stopped.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
internal sealed record CellResult(ComparisonCell Cell, RunRecord? Record, string? Error = null)
{
    /// <summary>The task's primary metric at the end; null when there is none.</summary>
    public double? Score => Record?.Final.GetValueOrDefault(Cell.Settings.Task.PrimaryMetric);
}
