using System.Globalization;
using AdaLora.Glue.Metrics;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class ClassificationMetricsTests
{
    private const double Tolerance = 1e-12;
    private const string Section = "classification";

    public static TheoryData<string, int> Binary() => [.. MetricCases.Enumerate("classification.json", Section), .. MetricCases.Enumerate("degenerate.json", Section)];

    public static TheoryData<string, int> Multiclass() => MetricCases.Enumerate("multiclass.json", Section);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Binary))]
    public void Binary_case_has_the_reference_values(string file, int index)
    {
        var expected = MetricCases.Get(file, Section, index);
        var (predictions, golds) = (expected.Classes("predicted"), expected.Classes("gold"));

        MetricCases.AssertClose(expected.Value("accuracy"), ClassificationMetrics.Accuracy(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("f1"), ClassificationMetrics.F1(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("matthews"), ClassificationMetrics.Matthews(predictions, golds), Tolerance);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Multiclass))]
    public void Multiclass_case_has_the_reference_values(string file, int index)
    {
        var expected = MetricCases.Get(file, Section, index);
        var (predictions, golds) = (expected.Classes("predicted"), expected.Classes("gold"));

        MetricCases.AssertClose(expected.Value("accuracy"), ClassificationMetrics.Accuracy(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("matthews"), ClassificationMetrics.Matthews(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("f1_macro"), ClassificationMetrics.F1Macro(predictions, golds), Tolerance);
        MetricCases.AssertClose(expected.Value("f1_weighted"), ClassificationMetrics.F1Weighted(predictions, golds), Tolerance);
        foreach (var entry in expected.GetProperty("f1_per_class").EnumerateObject())
            MetricCases.AssertClose(entry.Value.GetDouble(), ClassificationMetrics.F1(predictions, golds, int.Parse(entry.Name, CultureInfo.InvariantCulture)), Tolerance);
    }

    [Fact]
    public void Without_samples_no_metric_has_a_value()
    {
        Assert.Null(ClassificationMetrics.F1Macro([], []));
        Assert.Null(ClassificationMetrics.F1Weighted([], []));
    }

    [Fact]
    public void Lists_of_different_lengths_are_refused() => Assert.Throws<ArgumentException>(() => ClassificationMetrics.Accuracy([1, 0], [1]));

    [Fact]
    public void Matthews_does_not_overflow_for_large_data()
    {
        var golds = Enumerable.Range(0, 400_000).Select(i => i % 2).ToArray();
        var predictions = golds.Select((gold, i) => i % 4 == 0 ? 1 - gold : gold).ToArray();

        // A quarter wrong, all of class 0: TP = 200000, TN = 100000, FP = 100000, FN = 0.
        Assert.Equal(2e5 * 1e5 / Math.Sqrt(3e5 * 2e5 * 2e5 * 1e5), ClassificationMetrics.Matthews(predictions, golds)!.Value, Tolerance);
    }
}
