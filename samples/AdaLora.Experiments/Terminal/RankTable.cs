using System.Globalization;
using AdaLora.Experiments.Reports;
using Spectre.Console;

namespace AdaLora.Experiments.Terminal;

/// <summary>Shows ranks: a row per kind of matrix, a column per layer, and the sums of both.</summary>
internal static class RankTable
{
    public static void Write(IAnsiConsole console, IReadOnlyList<ModuleRank> ranks, string title = "final ranks")
    {
        if (ranks.Count == 0)
            return;
        var grid = new RankGrid(ranks);
        var table = new Table().Title(title).Border(TableBorder.Rounded).AddColumn("matrix \\ layer");
        for (var layer = 0; layer < grid.Layers.Count; layer++)
            _ = table.AddColumn(Number(grid.Layers[layer]).Footer(Sum(Column(grid, layer))));
        _ = table.AddColumn(Number("sum").Footer(Sum(ranks)));
        table.Columns[0].Footer = new Text("sum");
        for (var matrix = 0; matrix < grid.Matrices.Count; matrix++)
        {
            var row = Row(grid, matrix).ToList();
            _ = table.AddRow([Markup.Escape(grid.Matrices[matrix]), .. row.Select(rank => Cell(rank, grid.MaximumRank)), Sum(row)]);
        }

        console.Write(table);
    }

    private static TableColumn Number(string header) => new TableColumn(Markup.Escape(header)).RightAligned().NoWrap();

    private static IEnumerable<ModuleRank?> Row(RankGrid grid, int matrix) => Enumerable.Range(0, grid.Layers.Count).Select(layer => grid[matrix, layer]);

    private static IEnumerable<ModuleRank?> Column(RankGrid grid, int layer) => Enumerable.Range(0, grid.Matrices.Count).Select(matrix => grid[matrix, layer]);

    private static string Sum(IEnumerable<ModuleRank?> ranks) => ranks.Sum(rank => rank?.FinalRank ?? 0).ToString(CultureInfo.InvariantCulture);

    // Dim what was pruned away; highlight what kept everything.
    private static string Cell(ModuleRank? rank, int maximum) => rank?.FinalRank switch
    {
        null => "",
        0 => "[grey]0[/]",
        var kept when kept == maximum => $"[bold green]{kept}[/]",
        var kept => kept.Value.ToString(CultureInfo.InvariantCulture),
    };
}
