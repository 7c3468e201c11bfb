using System.Globalization;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Comparison;

/// <summary>How the figures of a comparison are written.</summary>
internal static class ComparisonText
{
    /// <summary>The columns of contrasts.</summary>
    public static IReadOnlyList<string> ContrastColumns { get; } = ["difference", "95 % interval", "Wilcoxon p", "pairs", "parameters"];

    /// <summary>The columns of a panel after the name of the row.</summary>
    public static IReadOnlyList<string> Columns(IEnumerable<RowSummary> panel) =>
        [panel.First().Metric, "seeds", .. HaveChoices(panel) ? (string[])["chosen"] : [], "trainable", "time", "ms/step", "peak MB"];

    /// <summary>The cells of a row of a panel.</summary>
    public static IReadOnlyList<string> Cells(RowSummary row, IEnumerable<RowSummary> panel) =>
    [
        Score(row),
        string.Join(", ", row.Scores.Select(score => Formats.Metric(score))) + (row.Without > 0 ? $" ({row.Without} without)" : ""),
        .. HaveChoices(panel) ? (string[])[row.Choice ?? ""] : [],
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

    /// <summary>The cells of a contrast after its name.</summary>
    public static IReadOnlyList<string> Cells(RowContrast contrast) =>
    [
        Signed(contrast.Mean),
        PairedTests.Bootstrap(contrast.Differences) is var (low, high) ? $"{Signed(low)} to {Signed(high)}" : "",
        PairedTests.Wilcoxon(contrast.Differences) is { } p ? p.ToString("0.000", CultureInfo.InvariantCulture) : "",
        contrast.Differences.Count.ToString(CultureInfo.InvariantCulture),
        contrast.ParameterRatio.ToString("0.00 x", CultureInfo.InvariantCulture),
    ];

    private static bool HaveChoices(IEnumerable<RowSummary> panel) => panel.Any(row => row.Choice is not null);

    private static string Signed(double value) => value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

    private static string Figure(double value, Func<double, string> format) => double.IsFinite(value) ? format(value) : "";
}
