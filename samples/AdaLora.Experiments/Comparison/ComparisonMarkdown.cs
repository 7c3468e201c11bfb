using System.Text;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Comparison;

/// <summary>A comparison as Markdown: all panels side by side when they have the same rows, then each with its details.</summary>
internal static class ComparisonMarkdown
{
    public static string Write(string title, IReadOnlyList<RowSummary> rows, IReadOnlyList<RowContrast> contrasts)
    {
        var text = new StringBuilder($"# {title}\n\nThe primary metric on the dev set after the last step: mean ± standard deviation over the seeds. Times are per run; trainable parameters are counted at the end.\n");
        var panels = rows.GroupBy(row => row.Panel).ToList();
        if (panels.Count > 1 && panels.All(panel => panel.Select(row => row.Row).SequenceEqual(panels[0].Select(row => row.Row))))
            AppendOverview(text, panels);
        foreach (var panel in panels)
        {
            _ = text.Append($"\n## {panel.Key}\n\n");
            AppendTable(text, ["", .. ComparisonText.Columns(panel)], panel.Select(row => (string[])[row.Row, .. ComparisonText.Cells(row, panel)]));
        }

        if (contrasts.Count > 0)
        {
            _ = text.Append(
                $"\n## Against {contrasts[0].Against}\n\nDifferences between runs with the same seed: their mean, its 95 % interval by the paired bootstrap, and the two-sided p of Wilcoxon's signed-rank test, which cannot be below 0.25 for three pairs. Parameters are those trained at the end, as a multiple of {contrasts[0].Against}'s.\n\n");
            AppendTable(text, ["", "", .. ComparisonText.ContrastColumns], contrasts.Select(c => (string[])[c.Panel ?? "all", c.Row, .. ComparisonText.Cells(c)]));
        }

        return text.ToString();
    }

    private static void AppendOverview(StringBuilder text, IReadOnlyList<IGrouping<string, RowSummary>> panels)
    {
        _ = text.Append('\n');
        var rows = panels[0].Select((first, i) =>
        {
            var across = panels.Select(panel => panel.ElementAt(i)).ToList();
            var average = across.All(row => row.Mean is not null) ? Formats.Metric(across.Average(row => row.Mean!.Value)) : "";
            return (string[])[first.Row, .. across.Select(ComparisonText.Score), average];
        });
        AppendTable(text, ["", .. panels.Select(panel => $"{panel.Key} ({panel.First().Metric})"), "average"], rows);
    }

    private static void AppendTable(StringBuilder text, IReadOnlyList<string> header, IEnumerable<string[]> rows)
    {
        _ = text.Append($"| {string.Join(" | ", header)} |\n| --- |{string.Concat(header.Skip(1).Select(_ => " ---: |"))}\n");
        foreach (var row in rows)
            _ = text.Append($"| {string.Join(" | ", row)} |\n");
    }
}
