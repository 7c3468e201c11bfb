using AdaLora.Experiments.Comparison;
using Xunit;

namespace AdaLora.Glue.Tests.Comparison;

/// <summary>Tests of paired differences, against published numbers and plain enumeration.</summary>
public sealed class PairedTestsTests
{
    /// <summary>Darwin's heights of cross- and self-fertilised plants: the example of scipy.stats.wilcoxon.</summary>
    [Fact]
    public void Darwins_plants() =>
        Assert.Equal(0.041259765625, PairedTests.Wilcoxon([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75])!.Value, 1e-12);

    [Theory]
    [InlineData(0.0625, 1.0, 2.0, 3.0, 4.0, 5.0)]
    [InlineData(0.25, 0.1, 0.2, 0.3)]
    [InlineData(1.0, 1.0)]
    [InlineData(1.0, 1.0, -1.0)]
    [InlineData(0.5, 1.0, 1.0, 0.0)]
    public void Small_cases(double expected, params double[] differences) => Assert.Equal(expected, PairedTests.Wilcoxon(differences)!.Value, 1e-12);

    [Fact]
    public void Ties_are_as_if_all_signs_were_tried()
    {
        double[] differences = [1, -1, 2, 2, -2, 3, 3, 5];
        double[] ranks = [1.5, 1.5, 4, 4, 4, 6.5, 6.5, 8];
        double Sum(int signs) => ranks.Where((_, i) => (signs >> i & 1) == 1).Sum();
        var observed = Math.Abs(ranks.Where((_, i) => differences[i] > 0).Sum() - 18);
        var asFar = Enumerable.Range(0, 256).Count(signs => Math.Abs(Sum(signs) - 18) >= observed);

        Assert.Equal(asFar / 256.0, PairedTests.Wilcoxon(differences)!.Value, 1e-12);
    }

    [Fact]
    public void Nothing_can_be_said_without_differences()
    {
        Assert.Null(PairedTests.Wilcoxon([]));
        Assert.Null(PairedTests.Wilcoxon([0, 0]));
        Assert.Null(PairedTests.Bootstrap([1]));
    }

    /// <summary>The mean of n draws has a standard deviation of sigma / √n, of which 95 % of a normal distribution are 1.96.</summary>
    [Fact]
    public void The_interval_is_that_of_the_mean()
    {
        var differences = Enumerable.Range(0, 100).Select(i => i % 2 == 0 ? 1.0 : 3.0).ToArray();
        var (low, high) = PairedTests.Bootstrap(differences)!.Value;

        Assert.Equal(2 - 0.196, low, 0.02);
        Assert.Equal(2 + 0.196, high, 0.02);
        Assert.Equal((low, high), PairedTests.Bootstrap(differences));
        Assert.Equal((0.5, 0.5), PairedTests.Bootstrap([0.5, 0.5, 0.5]));
    }
}
