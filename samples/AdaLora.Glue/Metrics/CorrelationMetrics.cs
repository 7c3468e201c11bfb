using MathNet.Numerics.Statistics;

namespace AdaLora.Glue.Metrics;

/// <summary>Correlations of predicted scores with gold scores; null where they are undefined: fewer than two samples, NaN, or a side without variance.</summary>
internal static class CorrelationMetrics
{
    /// <summary>Pearson's product-moment correlation; also undefined when a value is infinite.</summary>
    public static double? Pearson(IReadOnlyList<double> predictions, IReadOnlyList<double> golds) =>
        IsDefined(predictions, golds) && predictions.Concat(golds).All(double.IsFinite) ? Correlation.Pearson(predictions, golds) : null;

    /// <summary>Spearman's rank correlation; ties share their mean rank.</summary>
    public static double? Spearman(IReadOnlyList<double> predictions, IReadOnlyList<double> golds) =>
        IsDefined(predictions, golds) ? Correlation.Spearman(predictions, golds) : null;

    private static bool IsDefined(IReadOnlyList<double> predictions, IReadOnlyList<double> golds)
    {
        if (predictions.Count != golds.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions for {golds.Count} golds.");
        return !predictions.Concat(golds).Any(double.IsNaN) && Varies(predictions) && Varies(golds);
    }

    // Compares values: the rounded mean of equal values may differ from them, which a sum of squares would show as variance.
    private static bool Varies(IReadOnlyList<double> values) => values.Any(value => value != values[0]);
}
