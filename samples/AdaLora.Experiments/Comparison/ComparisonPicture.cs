using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Terminal;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace AdaLora.Experiments.Comparison;

/// <summary>Draws a comparison: a panel of bars for each group of rows, with the standard deviation and the single seeds.</summary>
internal static class ComparisonPicture
{
    private const int Height = 420;
    private const int WidthPerBar = 95;
    private const int WidthBesideBars = 130;
    private const int LeastWidth = 380;
    private static readonly Color BarColor = Color.FromHex("#7FA3D1");

    /// <summary>The picture as PNG.</summary>
    public static byte[] Draw(IReadOnlyList<RowSummary> rows)
    {
        PlotFont.Use();
        var panels = rows.GroupBy(row => row.Panel).ToList();
        var widths = panels.Select(panel => Math.Max(LeastWidth, WidthBesideBars + (WidthPerBar * panel.Count()))).ToList();
        var picture = new Multiplot();
        picture.RemovePlot(picture.GetPlot(0));
        foreach (var panel in panels)
            picture.AddPlot(Panel(panel.Key, [.. panel]));
        picture.Layout = new SideBySide(widths);
        using var image = picture.Render(widths.Sum(), Height);
        return image.GetImageBytes(ImageFormat.Png);
    }

    private static Plot Panel(string title, IReadOnlyList<RowSummary> rows)
    {
        var plot = new Plot();
        plot.Title(title, 14);
        plot.Axes.Left.Label.Text = rows[0].Metric;
        plot.Axes.Left.Label.FontSize = 13;
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows[i].Mean is { } mean)
                AddBar(plot, i, mean, rows[i]);
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. Enumerable.Range(0, rows.Count).Select(i => (double)i)],
            [.. rows.Select(row => row.Row.Replace(' ', '\n').Replace(".", ".\n", StringComparison.Ordinal))]);
        plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Axes.SetLimitsX(-0.7, rows.Count - 0.3);
        SetHeight(plot, rows);
        return plot;
    }

    private static void AddBar(Plot plot, int position, double mean, RowSummary row)
    {
        _ = plot.Add.Bar(new Bar { Position = position, Value = mean, FillColor = BarColor, LineWidth = 0, Size = 0.7 });
        if (row.Deviation is { } deviation)
        {
            var error = plot.Add.ErrorBar([position], [mean], [deviation]);
            error.Color = Colors.Black;
            error.LineWidth = 1.5f;
        }

        var seeds = plot.Add.Markers(row.Scores.Select(_ => position - 0.2).ToArray(), row.Scores.ToArray(), MarkerShape.FilledCircle, 5, Colors.DarkOrange);
        seeds.LegendText = "";
        var label = plot.Add.Text(Formats.Metric(mean), position, row.Scores.Append(mean + (row.Deviation ?? 0)).Max());
        label.LabelAlignment = Alignment.LowerCenter;
        label.LabelFontSize = 12;
    }

    // Bars begin at 0 unless they would all look the same; then the axis begins below the lowest of them, and its labels say so.
    private static void SetHeight(Plot plot, IReadOnlyList<RowSummary> rows)
    {
        var scores = rows.SelectMany(row => row.Scores).DefaultIfEmpty(0).ToList();
        var (low, high) = (scores.Min(), scores.Max());
        var span = Math.Max(high - low, 0.01);
        var bottom = low > 0.5 * high && low > 0 ? low - (0.5 * span) : Math.Min(0, low - (0.1 * span));
        plot.Axes.SetLimitsY(bottom, high + (0.25 * (high - bottom)));
    }
}
