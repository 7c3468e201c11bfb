using Spectre.Console;

namespace AdaLora.Experiments.Comparison;

/// <summary>Shows a comparison on the console.</summary>
internal static class ComparisonReport
{
    public static void Write(IAnsiConsole console, IReadOnlyList<RowSummary> rows)
    {
        foreach (var panel in rows.GroupBy(row => row.Panel))
        {
            var table = new Table().Title(Markup.Escape(panel.Key)).Border(TableBorder.Rounded).AddColumn("");
            foreach (var column in ComparisonText.Columns(panel.First().Metric))
                _ = table.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned());
            foreach (var row in panel)
                _ = table.AddRow([Markup.Escape(row.Row), .. ComparisonText.Cells(row).Select(Markup.Escape)]);
            console.Write(table);
        }
    }
}
