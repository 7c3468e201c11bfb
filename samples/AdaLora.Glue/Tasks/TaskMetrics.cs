using AdaLora.Glue.Metrics;

namespace AdaLora.Glue.Tasks;

/// <summary>The official metrics of a task.</summary>
internal static class TaskMetrics
{
    /// <summary>Computes all metrics of <paramref name="task"/>, in its order.</summary>
    /// <param name="task">Says which metrics.</param>
    /// <param name="predictions">Class indices, or scores for a regression task.</param>
    /// <param name="golds">Labels as <see cref="GlueExample.Label"/> holds them.</param>
    /// <returns>Metric name to value; null where the metric is undefined.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or a class index is not an integer.</exception>
    public static OrderedDictionary<string, double?> Compute(GlueTask task, IReadOnlyList<double> predictions, IReadOnlyList<double> golds)
    {
        var values = new OrderedDictionary<string, double?>();
        if (task.IsRegression)
        {
            foreach (var name in task.Metrics)
                values.Add(name, Correlate(name, predictions, golds));
            return values;
        }

        var (classes, goldClasses) = (ToClasses(predictions), ToClasses(golds));
        foreach (var name in task.Metrics)
            values.Add(name, Classify(name, classes, goldClasses));
        return values;
    }

    private static double? Correlate(string name, IReadOnlyList<double> predictions, IReadOnlyList<double> golds) => name switch
    {
        MetricNames.Pearson => CorrelationMetrics.Pearson(predictions, golds),
        MetricNames.Spearman => CorrelationMetrics.Spearman(predictions, golds),
        _ => throw new ArgumentException($"'{name}' is not a metric for scores."),
    };

    private static double? Classify(string name, IReadOnlyList<int> predictions, IReadOnlyList<int> golds) => name switch
    {
        MetricNames.Accuracy => ClassificationMetrics.Accuracy(predictions, golds),
        MetricNames.F1 => ClassificationMetrics.F1(predictions, golds),
        MetricNames.Matthews => ClassificationMetrics.Matthews(predictions, golds),
        _ => throw new ArgumentException($"'{name}' is not a metric for classes."),
    };

    private static int[] ToClasses(IReadOnlyList<double> values) =>
        [.. values.Select(value => double.IsInteger(value) ? (int)value : throw new ArgumentException($"{value} is not a class index."))];
}
