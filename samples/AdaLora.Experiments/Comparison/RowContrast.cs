namespace AdaLora.Experiments.Comparison;

/// <summary>A row against another, in pairs of runs with the same seed in the same panel.</summary>
/// <param name="Row">The row.</param>
/// <param name="Against">The row it is compared with.</param>
/// <param name="Panel">The panel; null for all of them together.</param>
/// <param name="Differences">Score minus score of each pair.</param>
/// <param name="ParameterRatio">Trainable parameters at the end, divided by those of the other.</param>
internal sealed record RowContrast(string Row, string Against, string? Panel, IReadOnlyList<double> Differences, double ParameterRatio)
{
    /// <summary>The mean difference.</summary>
    public double Mean => Differences.Average();

    /// <summary>All rows against one, panel by panel, and over all panels if there are several.</summary>
    public static IReadOnlyList<RowContrast> Of(IReadOnlyList<CellResult> results, string against)
    {
        var others = results.Where(r => r.Cell.Row == against && r.Score is not null).ToDictionary(r => (r.Cell.Panel, r.Cell.Seed));
        var pairs = results.Where(r => r.Cell.Row != against && r.Score is not null && others.ContainsKey((r.Cell.Panel, r.Cell.Seed)))
            .Select(r => (Own: r, Other: others[(r.Cell.Panel, r.Cell.Seed)]))
            .ToList();
        var byPanel = pairs.GroupBy(p => (p.Own.Cell.Panel, p.Own.Cell.Row)).Select(g => Of(g.Key.Row, g.Key.Panel, g)).ToList();
        return byPanel.Select(c => c.Panel).Distinct().Count() < 2 ? byPanel : [.. byPanel, .. pairs.GroupBy(p => p.Own.Cell.Row).Select(g => Of(g.Key, null, g))];

        RowContrast Of(string row, string? panel, IEnumerable<(CellResult Own, CellResult Other)> own) => new(
            row,
            against,
            panel,
            [.. own.Select(p => p.Own.Score!.Value - p.Other.Score!.Value)],
            own.Average(p => (double)p.Own.Record!.TrainableParameters.End / p.Other.Record!.TrainableParameters.End));
    }
}
