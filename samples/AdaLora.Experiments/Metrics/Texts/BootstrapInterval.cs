namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>A confidence interval of a mean by the bootstrap (Efron, 1979): the middle part of the means of samples drawn from the values with replacement.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="Mean">The mean of the values.</param>
/// <param name="High">The upper end.</param>
internal readonly record struct BootstrapInterval(double Low, double Mean, double High)
{
    /// <param name="values">One value for each text, at least one.</param>
    /// <param name="confidence">The part of the samples' means that lies within.</param>
    /// <param name="samples">How many samples are drawn.</param>
    /// <param name="seed">Seeds the draws.</param>
    public static BootstrapInterval Of(IReadOnlyList<double> values, double confidence = 0.95, int samples = 1000, int seed = 1)
    {
        var random = new Random(seed);
        var means = new double[samples];
        for (var sample = 0; sample < samples; sample++)
        {
            for (var draw = 0; draw < values.Count; draw++)
                means[sample] += values[random.Next(values.Count)] / values.Count;
        }

        Array.Sort(means);
        return new BootstrapInterval(Percentile(means, (1 - confidence) / 2), values.Average(), Percentile(means, (1 + confidence) / 2));
    }

    // Between neighbours in proportion.
    private static double Percentile(double[] sorted, double part)
    {
        var place = part * (sorted.Length - 1);
        var below = (int)Math.Floor(place);
        return sorted[below] + ((place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }
}
