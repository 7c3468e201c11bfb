namespace AdaLora.Experiments.Reports;

/// <summary>Smooths a noisy curve without shifting it.</summary>
internal static class MovingAverage
{
    /// <summary>The mean of each value and its neighbours up to <paramref name="radius"/> places away, as many as there are towards the ends.</summary>
    public static double[] Centred(IReadOnlyList<double> values, int radius)
    {
        var sums = new double[values.Count + 1];
        for (var i = 0; i < values.Count; i++)
            sums[i + 1] = sums[i] + values[i];
        var means = new double[values.Count];
        for (var i = 0; i < means.Length; i++)
        {
            var (first, behind) = (Math.Max(0, i - radius), Math.Min(means.Length, i + radius + 1));
            means[i] = (sums[behind] - sums[first]) / (behind - first);
        }

        return means;
    }
}
