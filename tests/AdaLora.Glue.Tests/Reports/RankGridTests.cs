using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class RankGridTests
{
    [Fact]
    public void Rows_are_matrices_and_columns_layers_in_numeric_order()
    {
        var grid = new RankGrid([new("m.10.a", 4, 1), new("m.2.b", 4, 2), new("m.2.a", 4, 3), new("pooler", 9, 0)]);

        Assert.Equal(["a", "b", "pooler"], grid.Matrices);
        Assert.Equal(["2", "10", RankGrid.NoLayer], grid.Layers);
        Assert.Equal(9, grid.MaximumRank);
        Assert.Equal([3, 1, null], Enumerable.Range(0, 3).Select(layer => grid[0, layer]?.FinalRank));
        Assert.Equal([2, null, null], Enumerable.Range(0, 3).Select(layer => grid[1, layer]?.FinalRank));
        Assert.Equal([null, null, 0], Enumerable.Range(0, 3).Select(layer => grid[2, layer]?.FinalRank));
    }

    [Fact]
    public void Two_stacks_with_the_same_numbers_stay_apart()
    {
        var grid = new RankGrid([new("encoder.0.q", 4, 1), new("decoder.0.q", 4, 2)]);

        Assert.Equal(["encoder 0", "decoder 0"], grid.Layers);
        Assert.Equal((1, 2), (grid[0, 0]!.FinalRank, grid[0, 1]!.FinalRank));
    }
}
