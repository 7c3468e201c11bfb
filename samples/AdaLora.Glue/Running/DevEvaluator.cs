namespace AdaLora.Glue;

/// <summary>Computes the official metrics on the dev set.</summary>
internal sealed class DevEvaluator(TrainSettings settings, Predictor predictor)
{
    /// <summary>All metrics and the loss of the latest evaluation.</summary>
    public (IReadOnlyDictionary<string, double?> Metrics, double Loss) Latest { get; private set; } = (new Dictionary<string, double?>(), double.NaN);

    /// <returns>The primary metric; NaN where it is undefined, for example for constant predictions of a regression.</returns>
    public double Evaluate()
    {
        var (predictions, loss) = predictor.Run();
        Latest = (TaskMetrics.Compute(settings.Task, predictions, predictor.Labels), loss);
        return Latest.Metrics[settings.Task.PrimaryMetric] ?? double.NaN;
    }
}
