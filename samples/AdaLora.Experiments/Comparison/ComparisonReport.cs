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
            foreach (var column in ComparisonText.Columns(panel))
                _ = table.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned());
            foreach (var row in panel)
                _ = table.AddRow([Markup.Escape(row.Row), .. ComparisonText.Cells(row, panel).Select(Markup.Escape)]);
            console.Write(table);
        }
    }

    /// <summary>Rows against one of them.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<RowContrast> contrasts)
    {
        if (contrasts.Count == 0)
            return;
        var table = new Table().Title(Markup.Escape($"against {contrasts[0].Against}")).Border(TableBorder.Rounded).AddColumn("").AddColumn("");
        foreach (var column in ComparisonText.ContrastColumns)
            _ = table.AddColumn(new TableColumn(Markup.Escape(column)).RightAligned());
        foreach (var contrast in contrasts)
            _ = table.AddRow([Markup.Escape(contrast.Panel ?? "all"), Markup.Escape(contrast.Row), .. ComparisonText.Cells(contrast).Select(Markup.Escape)]);
        console.Write(table);
    }
}
