using System.Globalization;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Comparison;

/// <summary>How the figures of a comparison are written.</summary>
internal static class ComparisonText
{
    /// <summary>The columns of a panel after the name of the row.</summary>
    public static IReadOnlyList<string> Columns(string metric) => [metric, "seeds", "trainable", "time", "ms/step", "peak MB"];

    public static IReadOnlyList<string> Cells(RowSummary row) =>
    [
        Score(row),
        string.Join(", ", row.Scores.Select(score => Formats.Metric(score))) + (row.Without > 0 ? $" ({row.Without} without)" : ""),
        Figure(row.Parameters, value => Formats.Count((long)Math.Round(value))),
        Figure(row.Seconds, value => Formats.Duration(TimeSpan.FromSeconds(value))),
        Figure(row.StepMilliseconds, value => value.ToString("0", CultureInfo.InvariantCulture)),
        Figure(row.PeakMegabytes, value => value.ToString("0", CultureInfo.InvariantCulture)),
    ];

    /// <summary>Mean ± standard deviation.</summary>
    public static string Score(RowSummary row) => (row.Mean, row.Deviation) switch
    {
        (null, _) => "none",
        ({ } mean, null) => Formats.Metric(mean),
        ({ } mean, { } deviation) => $"{Formats.Metric(mean)} ± {Formats.Metric(deviation)}",
    };

    private static string Figure(double value, Func<double, string> format) => double.IsFinite(value) ? format(value) : "";
}
