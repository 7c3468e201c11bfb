namespace AdaLora.Initialization;

/// <summary>Deals out ranks by explained variance: the directions with the highest shares over all matrices get one each, as in EVA. Pure arithmetic.</summary>
internal static class RankShares
{
    /// <summary>The rank of each matrix by name; together exactly the budget. Ties go to the lower (name, index).</summary>
    /// <param name="matrices">Name, highest rank, and the share that each direction explains, in descending order; directions without one explain nothing.</param>
    /// <param name="budget">At most the sum of the highest ranks.</param>
    public static IReadOnlyDictionary<string, int> DealOut(IEnumerable<(string Name, int Most, IReadOnlyList<double> Shares)> matrices, int budget)
    {
        var all = matrices.ToList();
        var ranks = all.ToDictionary(m => m.Name, _ => 0, StringComparer.Ordinal);
        var chosen = all
            .OrderBy(m => m.Name, StringComparer.Ordinal)
            .SelectMany(m => Enumerable.Range(0, m.Most).Select(i => (m.Name, Share: i < m.Shares.Count ? m.Shares[i] : 0)))
            .OrderByDescending(d => d.Share)
            .Take(budget);
        foreach (var (name, _) in chosen)
            ranks[name]++;
        return ranks;
    }
}
