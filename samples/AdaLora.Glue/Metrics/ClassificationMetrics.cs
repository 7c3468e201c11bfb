namespace AdaLora.Glue.Metrics;

/// <summary>Metrics over class indices. Without samples there is no value (null); a ratio of zero over zero is 0.</summary>
internal static class ClassificationMetrics
{
    /// <summary>The share of correct predictions.</summary>
    public static double? Accuracy(IReadOnlyList<int> predictions, IReadOnlyList<int> golds) =>
        Count(predictions, golds) is { Samples: > 0 } counts ? (double)counts.Correct / counts.Samples : null;

    /// <summary>F1 of the class <paramref name="positive"/>: the harmonic mean of its precision and recall.</summary>
    public static double? F1(IReadOnlyList<int> predictions, IReadOnlyList<int> golds, int positive = 1) =>
        Count(predictions, golds) is { Samples: > 0 } counts ? counts.F1(positive) : null;

    /// <summary>The mean F1 of the classes that occur among predictions or golds.</summary>
    public static double? F1Macro(IReadOnlyList<int> predictions, IReadOnlyList<int> golds) =>
        Count(predictions, golds) is { Samples: > 0 } counts ? counts.Classes.Average(counts.F1) : null;

    /// <summary>The mean F1 of the classes, each weighted by its frequency among the golds.</summary>
    public static double? F1Weighted(IReadOnlyList<int> predictions, IReadOnlyList<int> golds) =>
        Count(predictions, golds) is { Samples: > 0 } counts ? counts.Classes.Sum(label => counts.F1(label) * counts.InGold(label)) / counts.Samples : null;

    /// <summary>Matthews' correlation coefficient, for any number of classes (Gorodkin, 2004); 0 if all predictions or all golds are one class.</summary>
    public static double? Matthews(IReadOnlyList<int> predictions, IReadOnlyList<int> golds)
    {
        var counts = Count(predictions, golds);
        if (counts.Samples == 0)
            return null;
        // Products of counts are exact in 64 bits up to 3 billion samples; only their product needs a double.
        var all = (long)counts.Samples * counts.Samples;
        var covariance = (long)counts.Correct * counts.Samples;
        var (predictionVariance, goldVariance) = (all, all);
        foreach (var label in counts.Classes)
        {
            long predicted = counts.InPredictions(label), gold = counts.InGold(label);
            covariance -= predicted * gold;
            predictionVariance -= predicted * predicted;
            goldVariance -= gold * gold;
        }

        return predictionVariance == 0 || goldVariance == 0 ? 0 : covariance / Math.Sqrt((double)predictionVariance * goldVariance);
    }

    private static ClassCounts Count(IReadOnlyList<int> predictions, IReadOnlyList<int> golds) => new(predictions, golds);
}
