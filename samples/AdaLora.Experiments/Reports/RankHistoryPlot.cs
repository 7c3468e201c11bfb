using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace AdaLora.Experiments.Reports;

/// <summary>
/// Draws how ranks were allocated over a run. Each kind of matrix has a row of two panels, rank on the left and importance, if it is tracked, on the right: steps from left to right, a band
/// per layer, the first on top. Bands of colour stay readable where as many curves would cover each other.
/// </summary>
internal static class RankHistoryPlot
{
    private const int PanelWidth = 600;
    private const int FrameHeight = 92;
    private const int BandHeight = 13;
    private const int LeastBands = 6;

    /// <summary>Cells from left to right; each observation holds until the next one.</summary>
    private const int Cells = 200;

    /// <summary>Importance this far below the highest one of its step is drawn as the lowest.</summary>
    private const double Decades = 6;

    private static readonly Color Unknown = Color.FromHex("#EEEEEE");

    /// <summary>The picture as PNG.</summary>
    /// <param name="title">Stands above the first panel.</param>
    /// <param name="history">The statuses of the run; those without an allocation are skipped. If all are, the picture says so.</param>
    /// <param name="ranks">All adapted matrices.</param>
    public static byte[] Draw(string title, IReadOnlyList<TrainingStatus> history, IReadOnlyList<ModuleRank> ranks)
    {
        var looks = history.Where(status => status.Allocation is not null).ToList();
        if (looks.Count == 0)
            return RankHeatMap.Draw(title, []);
        PlotFont.Use();
        var grid = new RankGrid(ranks);
        var series = looks.SelectMany(look => look.Allocation!.Select(module => (look.Step, Module: module))).ToLookup(entry => entry.Module.Module);
        // Importance shrinks by orders of magnitude while a model learns: only within a step does it show which matrix gets more.
        var highest = looks.ToDictionary(look => look.Step, look => look.Allocation!.Max(module => module.Importance));
        var isTracked = highest.Values.Any(value => value is not null);
        var lastStep = looks[^1].Step;
        var columns = isTracked ? 2 : 1;
        var panels = new Multiplot();
        panels.RemovePlot(panels.GetPlot(0));
        for (var matrix = 0; matrix < grid.Matrices.Count; matrix++)
        {
            var bands = Enumerable.Range(0, grid.Layers.Count).Select(layer => grid[matrix, layer] is { } rank ? series[rank.Module].ToList() : []).ToList();
            var name = matrix == 0 ? $"{title}: {grid.Matrices[0]}" : grid.Matrices[matrix];
            panels.AddPlot(Panel($"{name}: rank", grid.Layers, CellsOf(bands, lastStep, (_, module) => module.Rank), lastStep, new ScottPlot.Range(0, grid.MaximumRank),
                rank => rank.ToString(CultureInfo.InvariantCulture)));
            if (isTracked)
            {
                panels.AddPlot(Panel($"{grid.Matrices[matrix]}: mean importance, relative to the step's highest", grid.Layers, CellsOf(bands, lastStep, LogImportance), lastStep,
                    new ScottPlot.Range(-Decades, 0), power => string.Create(CultureInfo.InvariantCulture, $"1e{power:0}")));
            }
        }

        foreach (var lowest in panels.GetPlots().TakeLast(columns))
            lowest.Axes.Bottom.Label.Text = "step";
        panels.Layout = new ScottPlot.MultiplotLayouts.Grid(grid.Matrices.Count, columns);
        var rowHeight = FrameHeight + BandHeight * Math.Max(LeastBands, grid.Layers.Count);
        using var image = panels.Render(columns * PanelWidth, grid.Matrices.Count * rowHeight);
        return image.GetImageBytes(ImageFormat.Png);

        double? LogImportance(int step, ModuleAllocation module) =>
            module.Importance is { } value ? (highest[step] is > 0 and var most ? Math.Max(Math.Log10(value / most), -Decades) : 0) : null;
    }

    private static double[,] CellsOf(List<List<(int Step, ModuleAllocation Module)>> bands, int lastStep, Func<int, ModuleAllocation, double?> value)
    {
        // The plot library cannot draw a map of a single row in a given rectangle: a second row, which is never seen, lies below it.
        var cells = new double[Math.Max(2, bands.Count), Cells];
        for (var band = 0; band < bands.Count; band++)
        {
            for (var column = 0; column < Cells; column++)
            {
                var step = (column + 1.0) * lastStep / Cells;
                var latest = bands[band].FindLastIndex(entry => entry.Step <= step);
                cells[band, column] = latest < 0 ? double.NaN : value(bands[band][latest].Step, bands[band][latest].Module) ?? double.NaN;
            }
        }

        return cells;
    }

    private static Plot Panel(string title, IReadOnlyList<string> layers, double[,] cells, int lastStep, ScottPlot.Range colors, Func<double, string> label)
    {
        var plot = new Plot();
        plot.Title(title, 13);
        plot.HideGrid();
        plot.Axes.Bottom.Label.FontSize = 12;
        // A map without any number cannot be drawn; unknown cells look like this too.
        plot.DataBackground.Color = Unknown;
        if (!cells.Cast<double>().Any(double.IsFinite))
            return plot;
        var map = plot.Add.Heatmap(cells);
        map.Colormap = new ScottPlot.Colormaps.Viridis();
        map.NaNCellColor = Unknown;
        map.ManualRange = colors;
        var top = cells.GetLength(0);
        map.Rectangle = new CoordinateRect(0, lastStep, 0, top);
        plot.Axes.SetLimits(0, lastStep, top - layers.Count, top);
        // Few enough labels to be distinguished.
        var every = (layers.Count + 11) / 12;
        var labelled = Enumerable.Range(0, layers.Count).Where(layer => layer % every == 0).ToList();
        plot.Axes.Left.TickGenerator = new NumericManual([.. labelled.Select(layer => top - 0.5 - layer)], [.. labelled.Select(layer => layers[layer])]);
        plot.Axes.Left.Label.Text = "layer";
        plot.Axes.Left.Label.FontSize = 12;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        var bar = plot.Add.ColorBar(map);
        bar.Axis.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, LabelFormatter = label, MinorTickGenerator = new EvenlySpacedMinorTickGenerator(1), TargetTickCount = 4 };
        return plot;
    }
}
