using AdaLora.Experiments.Reports;
using AdaLora.TestSupport;
using SkiaSharp;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class RunFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_files_are_written_and_named()
    {
        var ranks = FakeRanks.Bert(6, 12);

        var files = RunFiles.Write(_folder.Path, FakeRecord.Create(ranks), ranks, FakeRun.History(adaptive: true));

        Assert.Equal(["metrics.json", "ranks.csv", "ranks.png", "training.png", "ranks_history.csv", "history.png"], files.Select(Path.GetFileName));
        Assert.Equal(files.Order(), Directory.GetFiles(_folder.Path).Order());
        Assert.Equal("cola", RunRecord.FromJson(File.ReadAllText(files[0])).Task);
        Assert.Equal(1 + ranks.Count, File.ReadAllLines(files[1]).Length);
        Assert.Equal("module,layer,matrix,initial_rank,final_rank", File.ReadLines(files[1]).First());
        Assert.Contains("bert.encoder.layer.0.attention.self.key,0,attention.self.key,12,1", File.ReadLines(files[1]));
    }

    [Fact]
    public void A_method_without_adapters_gets_the_same_files()
    {
        var record = FakeRecord.Create([], method: "full", evaluations: []);

        var files = RunFiles.Write(_folder.Path, record, [], []);

        Assert.Equal(6, files.Count);
        _ = Assert.Single(File.ReadLines(files[1]));
        Assert.All(files.Where(file => file.EndsWith(".png", StringComparison.Ordinal)), file => Assert.True(Decode(File.ReadAllBytes(file)).Width > 100));
    }

    [Fact]
    public void Heat_map_grows_with_layers_and_spans_the_colours_from_zero_to_the_initial_rank()
    {
        var two = Decode(RankHeatMap.Draw("two", [new("m.0.a", 8, 0), new("m.1.a", 8, 8)]));
        var many = Decode(RankHeatMap.Draw("many", FakeRanks.Bert(24, 12)));

        var colors = new ScottPlot.Colormaps.Viridis();
        Assert.True(two.Pixels.Count(pixel => IsClose(pixel, colors.GetColor(0))) > 2000, "rank 0 has the lowest colour");
        Assert.True(two.Pixels.Count(pixel => IsClose(pixel, colors.GetColor(1))) > 2000, "the initial rank has the highest colour");
        Assert.True(many.Width > two.Width && many.Height > two.Height);
    }

    [Fact]
    public void Each_cell_shows_its_rank()
    {
        var picture = Decode(RankHeatMap.Draw("title", [new("m.0.a", 8, 0), new("m.1.a", 8, 0)]));
        var dark = new ScottPlot.Colormaps.Viridis().GetColor(0);
        var rows = Enumerable.Range(0, picture.Height).Where(y => IsClose(picture.GetPixel(picture.Width / 2, y), dark)).ToList();
        var columns = Enumerable.Range(0, picture.Width).Where(x => IsClose(picture.GetPixel(x, rows[rows.Count / 4]), dark)).ToList();

        var inside = from y in Enumerable.Range(rows[0], rows[^1] - rows[0])
                     from x in Enumerable.Range(columns[0], columns[^1] - columns[0])
                     select picture.GetPixel(x, y);

        Assert.True(inside.Count(pixel => pixel is { Red: > 200, Green: > 200, Blue: > 200 }) > 50, "there are digits in the dark cells");
    }

    [Fact]
    public void Pictures_bring_their_own_font()
    {
        PlotFont.Use();
        PlotFont.Use();

        Assert.Equal("DejaVu Sans", ScottPlot.Fonts.GetTypeface(ScottPlot.Fonts.Default, bold: false, italic: false).FamilyName);
        Assert.Single(ScottPlot.Fonts.FontResolvers.OfType<PlotFont>());
    }

    [Fact]
    public void Training_picture_has_two_panels_for_plain_methods_and_four_for_adaptive_ones()
    {
        var plain = Decode(TrainingPlot.Draw("full", FakeRun.History(adaptive: false), FakeRun.Evaluations()));
        var adaptive = Decode(TrainingPlot.Draw("adalora", FakeRun.History(adaptive: true), FakeRun.Evaluations()));

        Assert.Equal((plain.Width, plain.Height * 2), (adaptive.Width, adaptive.Height));
    }

    [Fact]
    public void Numbers_that_cannot_be_drawn_are_left_out()
    {
        var history = FakeRun.History(adaptive: true, isBad: step => step % 7 == 0);

        Assert.NotEmpty(TrainingPlot.Draw("diverged", [.. history], [new TaskEvaluation(3, 1, new Dictionary<string, double?> { ["matthews"] = null }, double.NaN)]));
    }

    private static SKBitmap Decode(byte[] png) => SKBitmap.Decode(png) ?? throw new InvalidDataException("This is no picture.");

    private static bool IsClose(SKColor pixel, ScottPlot.Color color) =>
        Math.Abs(pixel.Red - color.R) < 4 && Math.Abs(pixel.Green - color.G) < 4 && Math.Abs(pixel.Blue - color.B) < 4;
}
