using AdaLora.Experiments.Reports;
using MathNet.Numerics.Statistics;

namespace AdaLora.Experiments.Comparison;

/// <summary>A row of a panel over all its seeds.</summary>
internal sealed class RowSummary
{
    public required string Panel { get; init; }

    public required string Row { get; init; }

    /// <summary>What was chosen for its runs by trying; null if nothing was.</summary>
    public string? Choice { get; init; }

    /// <summary>The name of what <see cref="Scores"/> holds.</summary>
    public required string Metric { get; init; }

    /// <summary>The primary metric at the end of each finished run, in the order of the seeds.</summary>
    public required IReadOnlyList<double> Scores { get; init; }

    /// <summary>Runs without a score: failed, stopped, or with a metric that is not defined.</summary>
    public required int Without { get; init; }

    /// <summary>Parameters that were trained at the end, the mean over the runs.</summary>
    public required double Parameters { get; init; }

    /// <summary>The mean time of a run, in seconds.</summary>
    public required double Seconds { get; init; }

    /// <summary>The mean of the runs' median step times, in milliseconds.</summary>
    public required double StepMilliseconds { get; init; }

    /// <summary>The mean of the runs' peak resident memory, in megabytes.</summary>
    public required double PeakMegabytes { get; init; }

    public double? Mean => Scores.Count == 0 ? null : Scores.Mean();

    /// <summary>The sample standard deviation; null for fewer than two runs.</summary>
    public double? Deviation => Scores.Count < 2 ? null : Scores.StandardDeviation();

    /// <summary>Summaries in the order of the cells.</summary>
    public static IReadOnlyList<RowSummary> Of(IEnumerable<CellResult> results) => [.. results
        .GroupBy(result => (result.Cell.Panel, result.Cell.Row))
        .Select(group => Of(group.Key.Panel, group.Key.Row, [.. group]))];

    private static RowSummary Of(string panel, string row, IReadOnlyList<CellResult> runs)
    {
        var records = runs.Select(run => run.Record).OfType<RunRecord>().ToList();
        IReadOnlyList<double> scores = [.. runs.Select(run => run.Score).OfType<double>()];
        return new RowSummary
        {
            Panel = panel,
            Row = row,
            Choice = runs[0].Cell.Choice,
            Metric = runs[0].Cell.Settings.Task.PrimaryMetric,
            Scores = scores,
            Without = runs.Count - scores.Count,
            Parameters = records.Select(record => (double)record.TrainableParameters.End).Mean(),
            Seconds = records.Select(record => record.WallSeconds).Mean(),
            StepMilliseconds = records.Select(record => record.StepMsMedian).Mean(),
            PeakMegabytes = records.Select(record => record.PeakRssMb).Mean(),
        };
    }
}
