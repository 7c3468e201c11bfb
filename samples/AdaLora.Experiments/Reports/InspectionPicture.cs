using System.Globalization;
using AdaLora.Peft;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace AdaLora.Experiments.Reports;

/// <summary>Draws an inspected adapter: ranks as a heat map, and beside it the singular values of every matrix, a curve each, in a colour for each kind of matrix.</summary>
internal static class InspectionPicture
{
    private const int SpectrumWidth = 760;
    private const int MinimumHeight = 460;

    /// <summary>Singular values this far below the largest one are no longer meaningful.</summary>
    private const double Decades = 6;

    public static byte[] Draw(string name, AdapterInspection inspection)
    {
        var title = string.Create(CultureInfo.InvariantCulture, $"{name}: ranks, {inspection.KeptTriplets} of {inspection.InitialTriplets} triplets");
        var ranks = RankHeatMap.CreatePlot(title, InspectionRanks.Of(inspection), out var width, out var height);
        var panels = new Multiplot();
        panels.RemovePlot(panels.GetPlot(0));
        panels.AddPlot(ranks);
        panels.AddPlot(Spectrum(inspection));
        panels.Layout = new SideBySide([width, SpectrumWidth]);
        using var image = panels.Render(width + SpectrumWidth, Math.Max(height, MinimumHeight));
        return image.GetImageBytes(ImageFormat.Png);
    }

    private static Plot Spectrum(AdapterInspection inspection)
    {
        var plot = new Plot();
        plot.Title("singular values of the products", 14);
        plot.Axes.Bottom.Label.Text = "index, largest first";
        plot.Axes.Bottom.Label.FontSize = 13;
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
        plot.Axes.Bottom.MinorTickStyle.Length = 0;
        plot.Axes.Left.TickGenerator = new NumericAutomatic
        {
            IntegerTicksOnly = true,
            MinorTickGenerator = new LogMinorTickGenerator(),
            LabelFormatter = exponent => Math.Pow(10, exponent).ToString("G3", CultureInfo.InvariantCulture),
        };
        var kinds = inspection.Matrices.Select(KindOf).Distinct().ToList();
        var palette = new ScottPlot.Palettes.Category10();
        var shown = new HashSet<string>();
        var floor = Math.Log10(inspection.Matrices.SelectMany(m => m.SingularValues).Append(double.Epsilon).Max()) - Decades;
        foreach (var matrix in inspection.Matrices)
        {
            var values = matrix.SingularValues.Select(Math.Log10).TakeWhile(value => value > floor).ToArray();
            if (values.Length == 0)
                continue;
            var curve = plot.Add.Scatter(Enumerable.Range(1, values.Length).Select(i => (double)i).ToArray(), values, palette.GetColor(kinds.IndexOf(KindOf(matrix))).WithAlpha(150));
            curve.LineWidth = 1.5f;
            curve.MarkerSize = 4;
            if (shown.Add(KindOf(matrix)))
                curve.LegendText = KindOf(matrix);
        }

        if (shown.Count > 0)
            plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static string KindOf(InspectedMatrix matrix) => ModuleName.Parse(matrix.Name).Matrix;
}
