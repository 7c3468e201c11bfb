using AdaLora.Glue.Metrics;

namespace AdaLora.Glue.Tasks;

/// <summary>The official metrics of a task.</summary>
internal static class TaskMetrics
{
    /// <summary>Computes all metrics of <paramref name="task"/>, in its order.</summary>
    /// <param name="task">Says which metrics.</param>
    /// <param name="predictions">Class indices, scores for a regression task, or for several labels 1 or 0 for each.</param>
    /// <param name="golds">Labels of the same form.</param>
    /// <returns>Metric name to value; null where the metric is undefined.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or a class index is not an integer.</exception>
    public static OrderedDictionary<string, double?> Compute(GlueTask task, IReadOnlyList<double[]> predictions, IReadOnlyList<double[]> golds)
    {
        var values = new OrderedDictionary<string, double?>();
        foreach (var name in task.Metrics)
        {
            values.Add(name, task switch
            {
                { HasSeveralLabels: true } => Decide(name, [.. predictions.Select(IsThere)], [.. golds.Select(IsThere)]),
                { IsRegression: true } => Correlate(name, [.. predictions.Select(row => row[0])], [.. golds.Select(row => row[0])]),
                _ => Classify(name, ToClasses(predictions), ToClasses(golds)),
            });
        }

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
        MetricNames.MacroF1 => ClassificationMetrics.F1Macro(predictions, golds),
        MetricNames.F1 => ClassificationMetrics.F1(predictions, golds),
        MetricNames.Matthews => ClassificationMetrics.Matthews(predictions, golds),
        _ => throw new ArgumentException($"'{name}' is not a metric for classes."),
    };

    private static double? Decide(string name, IReadOnlyList<bool[]> predictions, IReadOnlyList<bool[]> golds) => name switch
    {
        MetricNames.Accuracy => MultiLabelMetrics.Accuracy(predictions, golds),
        MetricNames.MacroF1 => MultiLabelMetrics.MacroF1(predictions, golds),
        MetricNames.MicroF1 => MultiLabelMetrics.MicroF1(predictions, golds),
        _ => throw new ArgumentException($"'{name}' is not a metric for several labels."),
    };

    private static bool[] IsThere(double[] labels) => [.. labels.Select(label => label == 1)];

    private static int[] ToClasses(IReadOnlyList<double[]> values) =>
        [.. values.Select(value => double.IsInteger(value[0]) ? (int)value[0] : throw new ArgumentException($"{value[0]} is not a class index."))];
}
