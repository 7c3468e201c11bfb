using AdaLora.Experiments.Reports;
using MathNet.Numerics.Statistics;
using ScottPlot;

namespace AdaLora.Experiments.Comparison;

/// <summary>Draws how the rows of a comparison learn: a panel for each group, with the loss on the dev set after each evaluation, the mean over the seeds.</summary>
internal static class ComparisonCurves
{
    private const int PanelWidth = 640;
    private const int Height = 420;

    /// <summary>The picture as PNG; null if nothing was evaluated.</summary>
    public static byte[]? Draw(IReadOnlyList<CellResult> results)
    {
        var panels = results.GroupBy(result => result.Cell.Panel)
            .Select(panel => (Title: panel.Key, Curves: panel.GroupBy(result => result.Cell.Row).Select(Curve).Where(curve => curve.Points.Count > 0).ToList()))
            .Where(panel => panel.Curves.Count > 0)
            .ToList();
        if (panels.Count == 0)
            return null;
        PlotFont.Use();
        var picture = new Multiplot();
        picture.RemovePlot(picture.GetPlot(0));
        foreach (var (title, curves) in panels)
            picture.AddPlot(Panel(title, curves));
        picture.Layout = new SideBySide([.. panels.Select(_ => PanelWidth)]);
        using var image = picture.Render(PanelWidth * panels.Count, Height);
        return image.GetImageBytes(ImageFormat.Png);
    }

    /// <summary>The mean loss after each step at which there are evaluations.</summary>
    internal static IReadOnlyList<(int Step, double Loss)> Means(IEnumerable<TaskEvaluation> evaluations) => [.. evaluations
        .Where(evaluation => double.IsFinite(evaluation.Loss))
        .GroupBy(evaluation => evaluation.Step)
        .OrderBy(group => group.Key)
        .Select(group => (group.Key, group.Select(evaluation => evaluation.Loss).Mean()))];

    private static (string Row, IReadOnlyList<(int Step, double Loss)> Points) Curve(IGrouping<string, CellResult> runs) =>
        (runs.Key, Means(runs.SelectMany(run => run.Record?.Evaluations ?? [])));

    private static Plot Panel(string title, IReadOnlyList<(string Row, IReadOnlyList<(int Step, double Loss)> Points)> curves)
    {
        var plot = new Plot();
        plot.Title(title, 14);
        plot.Axes.Left.Label.Text = "loss on the dev set";
        plot.Axes.Left.Label.FontSize = 13;
        plot.Axes.Bottom.Label.Text = "step";
        plot.Axes.Bottom.Label.FontSize = 13;
        foreach (var (row, points) in curves)
        {
            var line = plot.Add.Scatter(points.Select(point => (double)point.Step).ToArray(), points.Select(point => point.Loss).ToArray());
            line.LineWidth = 2;
            line.MarkerSize = 5;
            line.LegendText = row;
        }

        _ = plot.ShowLegend(Alignment.UpperRight);
        return plot;
    }
}
