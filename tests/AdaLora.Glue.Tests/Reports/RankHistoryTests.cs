using AdaLora.Experiments.Reports;
using SkiaSharp;
using Xunit;

namespace AdaLora.Glue.Tests;

[Collection(Pictures.Name)]
public sealed class RankHistoryTests
{
    [Fact]
    public void Table_has_a_row_per_look_and_matrix_and_leaves_unknown_importance_empty()
    {
        IReadOnlyList<TrainingStatus> history =
        [
            Status(1, [new("m.0.a", 4, 1.5e-7), new("m.1.a", 4, 0)]),
            Status(2, null),
            Status(3, [new("m.0.a", 3, 0.25), new("m.1.a", 0, null)]),
        ];

        Assert.Equal(
            ["step,module,layer,matrix,rank,importance", "1,m.0.a,0,a,4,1.5E-07", "1,m.1.a,1,a,4,0", "3,m.0.a,0,a,3,0.25", "3,m.1.a,1,a,0,"],
            RankHistoryCsv.Write(history).TrimEnd().Split('\n'));
    }

    [Fact]
    public void Picture_has_a_row_of_panels_per_kind_of_matrix_and_grows_with_the_layers()
    {
        var (small, many) = (Draw(FakeRanks.Bert(6, 12)), Draw(FakeRanks.Bert(12, 12)));
        var one = Draw([new("m.0.a", 4, 2), new("m.1.a", 4, 2)]);

        Assert.Equal(small.Width, many.Width);
        Assert.True(many.Height > small.Height, "twelve layers need more room than six");
        Assert.Equal(small.Height, 6 * one.Height);
    }

    [Fact]
    public void A_rank_is_held_until_the_next_look_and_importance_ends_when_it_is_no_longer_tracked()
    {
        IReadOnlyList<TrainingStatus> history = [Status(1, [new("m.0.a", 4, 1)]), Status(51, [new("m.0.a", 0, null)]), Status(100, [new("m.0.a", 0, null)])];

        var picture = SKBitmap.Decode(RankHistoryPlot.Draw("", history, [new("m.0.a", 4, 0)]));

        var colors = new ScottPlot.Colormaps.Viridis();
        var (full, none) = (Area(picture, 0, colors.GetColor(1)), Area(picture, 0, colors.GetColor(0)));
        Assert.True(full > 5000 && Math.Abs(full - none) < 0.15 * full, $"half of the time each: {full} and {none}");
        var (tracked, unknown) = (Area(picture, 1, colors.GetColor(1)), Area(picture, 1, ScottPlot.Color.FromHex("#EEEEEE")));
        Assert.True(tracked > 5000 && Math.Abs(tracked - unknown) < 0.15 * tracked, $"known half of the time: {tracked} and {unknown}");
    }

    [Fact]
    public void Importance_is_coloured_by_its_order_of_magnitude_below_the_highest_of_the_same_step()
    {
        IReadOnlyList<TrainingStatus> history = [.. Enumerable.Range(1, 100).Select(step => Status(step, Of(step <= 50 ? 1 : 1e-5)))];

        var picture = SKBitmap.Decode(RankHistoryPlot.Draw("", history, [new("m.0.a", 1, 1), new("m.1.a", 1, 1), new("m.2.a", 1, 1)]));

        var colors = new ScottPlot.Colormaps.Viridis();
        Assert.True(Area(picture, 1, colors.GetColor(1)) > 5000, "the highest, also when all of them have shrunk");
        Assert.True(Area(picture, 1, colors.GetColor(0.5)) > 5000, "three decades below the highest is the middle of six");
        Assert.True(Area(picture, 1, colors.GetColor(0)) > 5000, "nothing is the lowest");

        static IReadOnlyList<ModuleAllocation> Of(double scale) => [new("m.0.a", 1, scale), new("m.1.a", 1, scale * 1e-3), new("m.2.a", 1, 0)];
    }

    [Fact]
    public void Methods_that_track_no_importance_have_ranks_alone()
    {
        IReadOnlyList<TrainingStatus> history = [Status(1, [new("m.0.a", 4, null), new("m.0.b", 4, null)])];

        var ranks = SKBitmap.Decode(RankHistoryPlot.Draw("", history, [new("m.0.a", 4, 4), new("m.0.b", 4, 4)]));

        Assert.Equal(Draw(FakeRanks.Bert(1, 4)).Width, 2 * ranks.Width);
    }

    [Fact]
    public void A_kind_of_matrix_without_importance_stays_grey()
    {
        IReadOnlyList<TrainingStatus> history = [Status(1, [new("m.0.a", 0, null), new("m.0.b", 4, 0.5)]), Status(100, [new("m.0.a", 0, null), new("m.0.b", 4, 0.5)])];

        var picture = SKBitmap.Decode(RankHistoryPlot.Draw("", history, [new("m.0.a", 0, 0), new("m.0.b", 4, 4)]));

        Assert.True(Area(picture, 1, ScottPlot.Color.FromHex("#EEEEEE")) > 5000, "one of the two panels is empty");
    }

    [Fact]
    public void Without_looks_the_picture_says_that_nothing_is_adapted() =>
        Assert.Equal(RankHeatMap.Draw("full", []), RankHistoryPlot.Draw("full", FakeRun.History(adaptive: false), []));

    private static SKBitmap Draw(IReadOnlyList<ModuleRank> ranks) => SKBitmap.Decode(RankHistoryPlot.Draw("cola", FakeRun.History(adaptive: true, ranks), ranks));

    private static TrainingStatus Status(int step, IReadOnlyList<ModuleAllocation>? allocation) =>
        new() { Step = step, TotalSteps = 100, Loss = 1, LearningRate = 1, Allocation = allocation };

    /// <summary>Pixels of a colour in the left (0) or right (1) half.</summary>
    private static int Area(SKBitmap picture, int half, ScottPlot.Color color)
    {
        var first = half * picture.Width / 2;
        return (from y in Enumerable.Range(0, picture.Height)
                from x in Enumerable.Range(first, picture.Width / 2)
                let pixel = picture.GetPixel(x, y)
                where Math.Abs(pixel.Red - color.R) < 4 && Math.Abs(pixel.Green - color.G) < 4 && Math.Abs(pixel.Blue - color.B) < 4
                select pixel).Count();
    }
}
