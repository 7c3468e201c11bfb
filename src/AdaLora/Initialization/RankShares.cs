namespace AdaLora.Initialization;

/// <summary>
/// Deals out ranks by explained variance: the directions with the highest shares over all matrices get one each, as in EVA, after those that a matrix has in any case. Pure arithmetic.
/// </summary>
internal static class RankShares
{
    /// <summary>The rank of each matrix by name; together exactly the budget. Ties go to the lower (name, index).</summary>
    /// <param name="matrices">Name, lowest and highest rank, and the share that each direction explains, in descending order; directions without one explain nothing.</param>
    /// <param name="budget">From the sum of the lowest to that of the highest ranks.</param>
    public static IReadOnlyDictionary<string, int> DealOut(IEnumerable<(string Name, int Least, int Most, IReadOnlyList<double> Shares)> matrices, int budget)
    {
        var all = matrices.ToList();
        var ranks = all.ToDictionary(m => m.Name, m => m.Least, StringComparer.Ordinal);
        var chosen = all
            .OrderBy(m => m.Name, StringComparer.Ordinal)
            .SelectMany(m => Enumerable.Range(m.Least, m.Most - m.Least).Select(i => (m.Name, Share: i < m.Shares.Count ? m.Shares[i] : 0)))
            .OrderByDescending(d => d.Share)
            .Take(budget - all.Sum(m => m.Least));
        foreach (var (name, _) in chosen)
            ranks[name]++;
        return ranks;
    }
}
