namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>How much two texts share.</summary>
/// <param name="Precision">The share of the prediction, from 0 to 1.</param>
/// <param name="Recall">The share of the reference.</param>
internal readonly record struct RougeScore(double Precision, double Recall)
{
    /// <summary>The harmonic mean of both; 0 if both are.</summary>
    public double F => Precision + Recall > 0 ? 2 * Precision * Recall / (Precision + Recall) : 0;

    /// <param name="shared">What both share.</param>
    /// <param name="prediction">What the prediction has.</param>
    /// <param name="reference">What the reference has.</param>
    public static RougeScore Of(int shared, int prediction, int reference) => new(shared / (double)Math.Max(prediction, 1), shared / (double)Math.Max(reference, 1));
}
