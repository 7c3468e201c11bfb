using System.Globalization;
using System.Text;

namespace AdaLora.Benchmarks;

/// <summary>Writes tables for people.</summary>
internal static class TableMarkdown
{
    public static string Of(IEnumerable<BenchmarkTable> tables) => string.Join('\n', tables.Select(Of));

    private static string Of(BenchmarkTable table)
    {
        if (table.Rows.Count == 0)
            return $"{table.Title}: {table.Note}\n";
        var columns = table.Rows.SelectMany(row => row.Figures).Select(figure => figure.Column).Distinct().ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{table.Title}:\n\n|  | {string.Join(" | ", columns)} |\n| --- |{string.Concat(columns.Select(_ => " ---: |"))}\n");
        foreach (var row in table.Rows)
            text.Append(CultureInfo.InvariantCulture, $"| {row.Name} | {string.Join(" | ", columns.Select(column => Cell(row, column)))} |\n");
        if (table.Note is not null)
            text.Append(CultureInfo.InvariantCulture, $"\n{table.Note}\n");
        return text.ToString();
    }

    private static string Cell(BenchmarkRow row, string column) =>
        row.Figures.FirstOrDefault(figure => figure.Column == column) is { } figure ? figure.Value.ToString(figure.Format, CultureInfo.InvariantCulture) : "";
}
