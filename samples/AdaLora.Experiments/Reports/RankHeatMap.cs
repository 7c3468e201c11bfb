using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace AdaLora.Experiments.Reports;

/// <summary>Draws final ranks as a heat map: layers from left to right, kinds of matrices from top to bottom, the rank in each cell.</summary>
internal static class RankHeatMap
{
    private const int CellWidth = 62;
    private const int CellHeight = 54;
    private const int MinimumWidth = 640;
    private const int SideMargins = 330;
    private const int TopAndBottom = 140;

    private static readonly Color Empty = Color.FromHex("#EEEEEE");

    /// <summary>The picture as PNG; ranks may be empty, in which case the picture says so.</summary>
    public static byte[] Draw(string title, IReadOnlyList<ModuleRank> ranks)
    {
        using var plot = CreatePlot(title, ranks, out var width, out var height);
        return plot.GetImageBytes(width, height, ImageFormat.Png);
    }

    /// <summary>The picture as a plot, and the size in pixels that suits it.</summary>
    public static Plot CreatePlot(string title, IReadOnlyList<ModuleRank> ranks, out int width, out int height)
    {
        PlotFont.Use();
        var grid = new RankGrid(ranks);
        var plot = new Plot();
        plot.Title(title, 14);
        plot.HideGrid();
        if (ranks.Count == 0)
            DrawNothing(plot);
        else
            DrawGrid(plot, grid);
        width = Math.Max(MinimumWidth, SideMargins + CellWidth * grid.Layers.Count);
        height = TopAndBottom + CellHeight * Math.Max(2, grid.Matrices.Count);
        return plot;
    }

    private static void DrawNothing(Plot plot)
    {
        var text = plot.Add.Text("this method adapts no matrices", 0, 0);
        text.LabelAlignment = Alignment.MiddleCenter;
        text.LabelFontSize = 16;
        plot.Axes.SetLimits(-1, 1, -1, 1);
        plot.Axes.Left.IsVisible = plot.Axes.Bottom.IsVisible = plot.Axes.Right.IsVisible = plot.Axes.Top.IsVisible = false;
    }

    private static void DrawGrid(Plot plot, RankGrid grid)
    {
        var (rows, columns) = (grid.Matrices.Count, grid.Layers.Count);
        var values = new double[rows, columns];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                values[row, column] = grid[row, column]?.FinalRank ?? double.NaN;
        }

        var map = plot.Add.Heatmap(values);
        var colors = new ScottPlot.Colormaps.Viridis();
        map.Colormap = colors;
        map.NaNCellColor = Empty;
        map.ManualRange = new ScottPlot.Range(0, grid.MaximumRank);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                Annotate(plot, column, rows - 1 - row, grid[row, column], color => colors.GetColor(color / (double)Math.Max(1, grid.MaximumRank)));
        }

        plot.Axes.Left.TickGenerator = Ticks(grid.Matrices, index => rows - 1 - index);
        plot.Axes.Bottom.TickGenerator = Ticks(grid.Layers, index => index);
        plot.Axes.Bottom.Label.Text = "layer";
        plot.Axes.Bottom.Label.FontSize = 13;
        plot.Axes.Left.MajorTickStyle.Length = plot.Axes.Bottom.MajorTickStyle.Length = 0;
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        AddColorBar(plot, map, grid.MaximumRank);
    }

    private static void Annotate(Plot plot, int x, int y, ModuleRank? rank, Func<int, Color> colorOf)
    {
        var text = plot.Add.Text(rank is null ? RankGrid.NoLayer : rank.FinalRank.ToString(CultureInfo.InvariantCulture), x, y);
        text.LabelAlignment = Alignment.MiddleCenter;
        text.LabelFontSize = 16;
        // Dark text where the cell is light: Luminance is the brightness as the eye sees it.
        text.LabelFontColor = rank is null || colorOf(rank.FinalRank).Luminance > 0.5 ? Colors.Black : Colors.White;
    }

    private static NumericManual Ticks(IReadOnlyList<string> labels, Func<int, double> position) =>
        new([.. labels.Select((_, index) => position(index))], [.. labels]);

    private static void AddColorBar(Plot plot, ScottPlot.Plottables.Heatmap map, int maximum)
    {
        var bar = plot.Add.ColorBar(map);
        bar.Label = "rank";
        bar.LabelStyle.FontSize = 13;
        bar.LabelStyle.OffsetX = -3;
        // Whole ranks only, about six of them.
        var every = Math.Max(1, (int)Math.Ceiling(maximum / 6.0));
        var ranks = Enumerable.Range(0, maximum + 1).Where(rank => rank % every == 0).ToList();
        bar.Axis.TickGenerator = Ticks([.. ranks.Select(rank => rank.ToString(CultureInfo.InvariantCulture))], index => ranks[index]);
    }
}
