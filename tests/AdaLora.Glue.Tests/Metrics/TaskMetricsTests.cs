using AdaLora.Glue.Metrics;
using AdaLora.Glue.Tasks;
using Xunit;

namespace AdaLora.Glue.Tests;

public sealed class TaskMetricsTests
{
    [Theory]
    [InlineData("cola", "matthews,accuracy")]
    [InlineData("sst2", "accuracy")]
    [InlineData("mrpc", "accuracy,f1")]
    [InlineData("stsb", "pearson,spearman")]
    [InlineData("rte", "accuracy")]
    [InlineData("wnli", "accuracy")]
    public void Task_has_its_official_metrics_in_order(string task, string names) =>
        Assert.Equal(names.Split(','), Compute(GlueTasks.Find(task), [1, 0, 1], [1, 0, 0]).Keys);

    [Fact]
    public void Values_are_those_of_the_named_metrics()
    {
        double[] predictions = [1, 1, 0, 1, 0], golds = [1, 0, 0, 1, 1];
        int[] classes = [1, 1, 0, 1, 0], goldClasses = [1, 0, 0, 1, 1];

        var cola = Compute(GlueTasks.Find("cola"), predictions, golds);
        var mrpc = Compute(GlueTasks.Find("mrpc"), predictions, golds);
        var stsb = Compute(GlueTasks.Find("stsb"), [1, 2.5, 2], [0, 4, 5]);

        Assert.Equal(ClassificationMetrics.Matthews(classes, goldClasses), cola[MetricNames.Matthews]);
        Assert.Equal(0.6, cola[MetricNames.Accuracy]);
        Assert.Equal(ClassificationMetrics.F1(classes, goldClasses), mrpc[MetricNames.F1]);
        Assert.Equal(CorrelationMetrics.Pearson([1, 2.5, 2], [0, 4, 5]), stsb[MetricNames.Pearson]);
        Assert.Equal(0.5, stsb[MetricNames.Spearman]!.Value, 1e-12);
    }

    [Fact]
    public void Undefined_metrics_are_null() => Assert.Null(Compute(GlueTasks.Find("stsb"), [1, 1], [1, 2])[MetricNames.Pearson]);

    [Theory]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    public void A_score_is_no_class(double value) => Assert.Throws<ArgumentException>(() => Compute(GlueTasks.Find("rte"), [value], [1]));

    [Fact]
    public void Several_labels_are_judged_one_by_one_and_all_together()
    {
        var task = new GlueTask
        {
            Name = "topics",
            Folder = "",
            Columns = new("", null, ""),
            HubColumns = ("", null),
            ClassNames = ["a", "b", "c"],
            LabelSpellings = ["a", "b", "c"],
            HasSeveralLabels = true,
            Metrics = [MetricNames.Accuracy, MetricNames.MacroF1, MetricNames.MicroF1],
        };

        var metrics = TaskMetrics.Compute(task, [[1, 0, 0], [1, 1, 0], [0, 0, 0]], [[1, 0, 0], [1, 0, 0], [0, 1, 0]]);

        // a: 2 of 2 right; b: one wrong, one missed; c: never there.
        Assert.Equal((1 / 3.0, 1 / 3.0, 4 / 6.0), (metrics[MetricNames.Accuracy]!.Value, metrics[MetricNames.MacroF1]!.Value, metrics[MetricNames.MicroF1]!.Value));
        Assert.All(TaskMetrics.Compute(task, [], []).Values, Assert.Null);
    }

    private static OrderedDictionary<string, double?> Compute(GlueTask task, double[] predictions, double[] golds) =>
        TaskMetrics.Compute(task, [.. predictions.Select(value => (double[])[value])], [.. golds.Select(value => (double[])[value])]);
}
