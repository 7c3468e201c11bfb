namespace AdaLora.Glue.Metrics;

/// <summary>How often each class was predicted, was the right one, and both.</summary>
internal sealed class ClassCounts
{
    private readonly SortedDictionary<int, (int Predicted, int Gold, int Both)> _classes = [];

    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public ClassCounts(IReadOnlyList<int> predictions, IReadOnlyList<int> golds)
    {
        if (predictions.Count != golds.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions for {golds.Count} golds.");
        Samples = golds.Count;
        for (var i = 0; i < golds.Count; i++)
        {
            var both = predictions[i] == golds[i] ? 1 : 0;
            Correct += both;
            Add(predictions[i], 1, 0, both);
            Add(golds[i], 0, 1, 0);
        }
    }

    public int Samples { get; }

    public int Correct { get; }

    public IEnumerable<int> Classes => _classes.Keys;

    public int InPredictions(int label) => _classes[label].Predicted;

    public int InGold(int label) => _classes[label].Gold;

    /// <summary>2 TP / (2 TP + FP + FN); 0 for a class that neither occurs nor is predicted.</summary>
    public double F1(int label) =>
        _classes.TryGetValue(label, out var counts) ? 2.0 * counts.Both / (counts.Predicted + counts.Gold) : 0;

    private void Add(int label, int predicted, int gold, int both)
    {
        var old = _classes.GetValueOrDefault(label);
        _classes[label] = (old.Predicted + predicted, old.Gold + gold, old.Both + both);
    }
}
