namespace AdaLora.Glue.Metrics;

/// <summary>Metrics of several labels per text, each of which is there or not. Without samples there is no value (null); a ratio of zero over zero is 0.</summary>
internal static class MultiLabelMetrics
{
    /// <summary>The share of texts all of whose labels are right.</summary>
    public static double? Accuracy(IReadOnlyList<bool[]> predictions, IReadOnlyList<bool[]> golds) =>
        golds.Count == 0 ? null : predictions.Zip(golds, (prediction, gold) => prediction.SequenceEqual(gold)).Average(isRight => isRight ? 1.0 : 0);

    /// <summary>The mean over the labels of F1.</summary>
    public static double? MacroF1(IReadOnlyList<bool[]> predictions, IReadOnlyList<bool[]> golds) =>
        golds.Count == 0 ? null : Enumerable.Range(0, golds[0].Length).Average(label => F1(predictions.Select(row => row[label]), golds.Select(row => row[label])));

    /// <summary>F1 over all decisions together.</summary>
    public static double? MicroF1(IReadOnlyList<bool[]> predictions, IReadOnlyList<bool[]> golds) =>
        golds.Count == 0 ? null : F1(predictions.SelectMany(row => row), golds.SelectMany(row => row));

    private static double F1(IEnumerable<bool> predicted, IEnumerable<bool> gold)
    {
        var (both, all) = (0, 0);
        foreach (var (p, g) in predicted.Zip(gold))
        {
            both += p && g ? 1 : 0;
            all += (p ? 1 : 0) + (g ? 1 : 0);
        }

        return all == 0 ? 0 : 2.0 * both / all;
    }
}
