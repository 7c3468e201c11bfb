using AdaLora.Experiments.Reports;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class MovingAverageTests
{
    [Fact]
    public void Each_value_becomes_the_mean_of_its_neighbourhood() =>
        Assert.Equal([1.5, 2, 3, 5, 6], MovingAverage.Centred([1, 2, 3, 4, 8], 1));

    [Fact]
    public void A_straight_line_is_not_shifted() =>
        Assert.Equal([10.0, 11, 12], MovingAverage.Centred([.. Enumerable.Range(0, 23).Select(i => (double)i)], 5)[10..13]);

    [Fact]
    public void Short_and_empty_curves_are_allowed()
    {
        Assert.Equal([4.0], MovingAverage.Centred([4], 10));
        Assert.Empty(MovingAverage.Centred([], 3));
    }
}
