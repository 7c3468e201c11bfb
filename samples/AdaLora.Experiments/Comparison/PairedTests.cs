namespace AdaLora.Experiments.Comparison;

/// <summary>How sure a difference is that was measured in pairs, such as two methods with the same seeds. Pure arithmetic.</summary>
internal static class PairedTests
{
    private const int Resamples = 10_000;
    private const int Seed = 19790601;

    /// <summary>
    /// Two-sided p of Wilcoxon's signed-rank test, exact also with ties: the share of all choices of signs whose sum of positive ranks is at least as far from its mean. Differences of 0 are left
    /// out; null if nothing else is left.
    /// </summary>
    public static double? Wilcoxon(IReadOnlyList<double> differences)
    {
        // Ranks of ties are means of neighbours: doubled, they are whole numbers.
        var sizes = differences.Where(d => d != 0).Select(d => (Size: Math.Abs(d), IsPositive: d > 0)).OrderBy(d => d.Size).ToList();
        if (sizes.Count == 0)
            return null;
        var ranks = sizes.Select(d => sizes.Count(o => o.Size < d.Size) + sizes.Count(o => o.Size <= d.Size) + 1).ToList();
        var total = ranks.Sum();
        var observed = Math.Abs((2 * sizes.Zip(ranks).Where(p => p.First.IsPositive).Sum(p => p.Second)) - total);
        // The share of choices with each sum.
        var shares = new double[total + 1];
        shares[0] = 1;
        foreach (var rank in ranks)
        {
            for (var sum = total; sum >= 0; sum--)
                shares[sum] = (shares[sum] + (sum >= rank ? shares[sum - rank] : 0)) / 2;
        }

        return Math.Min(1, Enumerable.Range(0, total + 1).Where(sum => Math.Abs((2 * sum) - total) >= observed).Sum(sum => shares[sum]));
    }

    /// <summary>The 95 % interval of the mean difference by the paired bootstrap: percentiles of the means of 10,000 draws with replacement, always the same ones. Null for fewer than two.</summary>
    public static (double Low, double High)? Bootstrap(IReadOnlyList<double> differences)
    {
        if (differences.Count < 2)
            return null;
        var random = new Random(Seed);
        var means = new double[Resamples];
        for (var i = 0; i < Resamples; i++)
        {
            var sum = 0.0;
            for (var k = 0; k < differences.Count; k++)
                sum += differences[random.Next(differences.Count)];
            means[i] = sum / differences.Count;
        }

        Array.Sort(means);
        return (means[(int)(0.025 * (Resamples - 1))], means[(int)(0.975 * (Resamples - 1))]);
    }
}
