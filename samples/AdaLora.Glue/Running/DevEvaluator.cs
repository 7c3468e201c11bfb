namespace AdaLora.Glue;

/// <summary>Computes the official metrics on the dev set, or on each of the two that a task has.</summary>
/// <param name="task">Says which metrics.</param>
/// <param name="parts">Predicts each part of the dev set, in the order of <see cref="GlueTask.Parts"/>.</param>
internal sealed class DevEvaluator(GlueTask task, IReadOnlyList<Predictor> parts)
{
    /// <summary>All metrics and the loss of the latest evaluation; the loss is that of the part that counts.</summary>
    public (IReadOnlyDictionary<string, double?> Metrics, double Loss) Latest { get; private set; } = (new Dictionary<string, double?>(), double.NaN);

    /// <returns>The primary metric; NaN where it is undefined, for example for constant predictions of a regression.</returns>
    public double Evaluate()
    {
        var metrics = new OrderedDictionary<string, double?>();
        var losses = new List<double>();
        foreach (var (part, predictor) in task.Parts.Zip(parts))
        {
            var (predictions, loss) = predictor.Run();
            losses.Add(loss);
            foreach (var (name, value) in TaskMetrics.Compute(task, predictions, predictor.Labels))
                metrics.Add(name + part.MetricSuffix, value);
        }

        Latest = (metrics, losses[0]);
        return metrics[task.PrimaryMetric] ?? double.NaN;
    }
}
