using AdaLora.Experiments.Reports;

namespace AdaLora.Experiments.Comparison;

/// <summary>The outcome of a cell.</summary>
/// <param name="cell">The cell.</param>
/// <param name="record">Its record; null if it failed or was stopped.</param>
/// <param name="error">Why it failed; null if it did not.</param>
internal sealed class CellResult(ComparisonCell cell, RunRecord? record, string? error = null)
{
    public ComparisonCell Cell => cell;

    public RunRecord? Record => record;

    public string? Error => error;

    /// <summary>The task's primary metric at the end; null when there is none.</summary>
    public double? Score => Record?.Final.GetValueOrDefault(Cell.Settings.Task.PrimaryMetric);
}
