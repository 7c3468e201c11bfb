using ScottPlot;

namespace AdaLora.Experiments.Reports;

/// <summary>Draws a run over its optimiser steps: loss, orthogonality penalty, budget with live rank, and the metrics of the dev set.</summary>
internal static class TrainingPlot
{
    private const int PanelWidth = 560;
    private const int PanelHeight = 350;
    private const float TitleSize = 14;

    /// <summary>The smoothing window spans a twentieth of the run.</summary>
    private const int SmoothingFraction = 40;

    private static readonly Color Raw = Color.FromHex("#4C72B0").WithAlpha(70);
    private static readonly Color Blue = Color.FromHex("#2F5597");
    private static readonly Color Orange = Color.FromHex("#DD7A2B");

    /// <summary>The picture as PNG. Panels for which the method has nothing are omitted.</summary>
    public static byte[] Draw(string title, IReadOnlyList<TrainingStatus> history, IReadOnlyList<TaskEvaluation> evaluations)
    {
        PlotFont.Use();
        List<Plot> panels = [DrawLoss(history, evaluations)];
        if (history.Any(status => status.Penalty is not null))
            panels.Add(DrawCurve("orthogonality penalty", history, status => status.Penalty));
        if (history.Any(status => status.Budget is not null))
            panels.Add(DrawBudget(history));
        if (panels.Count % 2 == 0)
            panels.Add(DrawCurve("learning rate", history, status => status.LearningRate));
        panels.Add(DrawMetrics(evaluations));
        panels[0].Title($"{title}: loss", TitleSize);
        var lastStep = Math.Max(1, history.Select(status => status.Step).DefaultIfEmpty().Max());
        foreach (var panel in panels)
            panel.Axes.SetLimitsX(0, lastStep * 1.02);
        return Combine(panels);
    }

    private static Plot DrawLoss(IReadOnlyList<TrainingStatus> history, IReadOnlyList<TaskEvaluation> evaluations)
    {
        var plot = Panel("loss");
        var finite = history.Where(status => double.IsFinite(status.Loss)).ToList();
        var steps = finite.Select(status => (double)status.Step).ToArray();
        var losses = finite.Select(status => status.Loss).ToArray();
        _ = Line(plot, steps, losses, Raw, 1);
        if (losses.Length > 0)
            Line(plot, steps, MovingAverage.Centred(losses, Math.Max(1, losses.Length / SmoothingFraction)), Blue, 2.2f).LegendText = "training, smoothed";
        var measured = evaluations.Where(evaluation => double.IsFinite(evaluation.Loss)).ToList();
        if (measured.Count > 0)
        {
            var dev = plot.Add.Scatter(measured.Select(evaluation => (double)evaluation.Step).ToArray(), measured.Select(evaluation => evaluation.Loss).ToArray(), Orange);
            dev.LineWidth = 1.5f;
            dev.MarkerSize = 7;
            dev.LegendText = "dev";
        }

        Legend(plot);
        return plot;
    }

    private static Plot DrawCurve(string label, IReadOnlyList<TrainingStatus> history, Func<TrainingStatus, double?> value)
    {
        var plot = Panel(label);
        Curve(plot, history, value, Blue);
        return plot;
    }

    private static Plot DrawBudget(IReadOnlyList<TrainingStatus> history)
    {
        var plot = Panel("triplets of all adapters");
        Curve(plot, history, status => status.LiveRank, Blue, "in use");
        Curve(plot, history, status => status.Budget, Orange, "budget");
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsY(0, plot.Axes.GetLimits().Top);
        Legend(plot);
        return plot;
    }

    private static Plot DrawMetrics(IReadOnlyList<TaskEvaluation> evaluations)
    {
        var plot = Panel("metrics on the dev set");
        var colors = new[] { Blue, Orange, Colors.SeaGreen };
        var names = evaluations.SelectMany(evaluation => evaluation.Metrics.Keys).Distinct().ToList();
        for (var i = 0; i < names.Count; i++)
        {
            var defined = evaluations.Where(evaluation => evaluation.Metrics[names[i]] is not null).ToList();
            if (defined.Count == 0)
                continue;
            var steps = defined.Select(evaluation => (double)evaluation.Step).ToArray();
            var scatter = plot.Add.Scatter(steps, defined.Select(evaluation => evaluation.Metrics[names[i]]!.Value).ToArray(), colors[i % colors.Length]);
            scatter.LineWidth = 2;
            scatter.MarkerSize = 7;
            scatter.LegendText = names[i];
        }

        Legend(plot);
        return plot;
    }

    private static void Curve(Plot plot, IReadOnlyList<TrainingStatus> history, Func<TrainingStatus, double?> value, Color color, string legend = "")
    {
        var points = history.Where(status => value(status) is { } number && double.IsFinite(number)).ToList();
        Line(plot, [.. points.Select(status => (double)status.Step)], [.. points.Select(status => value(status)!.Value)], color, 2).LegendText = legend;
    }

    private static ScottPlot.Plottables.Scatter Line(Plot plot, double[] steps, double[] values, Color color, float width)
    {
        var line = plot.Add.ScatterLine(steps, values, color);
        line.LineWidth = width;
        return line;
    }

    // Outside the data, whose last points matter most.
    private static void Legend(Plot plot)
    {
        plot.Legend.Orientation = Orientation.Horizontal;
        _ = plot.ShowLegend(Edge.Bottom);
    }

    private static Plot Panel(string name)
    {
        var plot = new Plot();
        plot.Title(name, TitleSize);
        plot.Axes.Bottom.Label.Text = "step";
        plot.Axes.Bottom.Label.FontSize = 13;
        return plot;
    }

    private static byte[] Combine(List<Plot> panels)
    {
        var multiplot = new Multiplot();
        multiplot.RemovePlot(multiplot.GetPlot(0));
        foreach (var panel in panels)
            multiplot.AddPlot(panel);
        var columns = Math.Min(2, panels.Count);
        var rows = (panels.Count + columns - 1) / columns;
        multiplot.Layout = new ScottPlot.MultiplotLayouts.Grid(rows, columns);
        using var image = multiplot.Render(columns * PanelWidth, rows * PanelHeight);
        return image.GetImageBytes(ImageFormat.Png);
    }
}
