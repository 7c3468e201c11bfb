using AdaLora.Glue.Metrics;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class CorrelationMetricsTests
{
    private const double Tolerance = 1e-10;
    private const string Section = "regression";

    public static TheoryData<string, int> Cases() => [.. MetricCases.Enumerate("regression.json", Section), .. MetricCases.Enumerate("degenerate.json", Section)];

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Case_has_the_reference_values(string file, int index)
    {
        var expected = MetricCases.Get(file, Section, index);
        var (predictions, golds) = (expected.Scores("predicted"), expected.Scores("gold"));

        MetricCases.AssertClose(expected.Value("pearson"), CorrelationMetrics.Pearson(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("spearman"), CorrelationMetrics.Spearman(predictions, golds), Tolerance);
    }

    [Fact]
    public void Lists_of_different_lengths_are_refused() => Assert.Throws<ArgumentException>(() => CorrelationMetrics.Pearson([1, 2, 3], [1, 2]));
}
