using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace AdaLora.Experiments.Tables;

/// <summary>The rows of a file with a header and a character between cells, by RFC 4180: cells in quotes may hold that character, line breaks, and quotes that are doubled.</summary>
internal static class DelimitedRows
{
    public static IEnumerable<TableRow> Read(TextReader reader, char delimiter, IReadOnlyList<string> columns, List<string> problems)
    {
        var bad = new List<int>();
        CsvParser? parser = null;
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(),
            BadDataFound = _ => bad.Add(parser!.RawRow),
            IgnoreBlankLines = true,
        };
        using var owned = parser = new CsvParser(reader, configuration);
        int[]? places = null;
        var next = 1;
        while (parser.Read())
        {
            var line = next;
            next = parser.RawRow + 1;
            var cells = parser.Record!;
            if (bad.Count > 0)
            {
                problems.Add($"line {line}: a quote stands inside a cell that is not in quotes, or is not doubled");
                bad.Clear();
            }
            else if (places is null)
            {
                places = [.. columns.Select(column => Array.IndexOf(cells, column))];
                if (FindMissing(columns, places, cells, problems))
                    yield break;
            }
            else if (cells.Length <= places.Max())
            {
                problems.Add($"line {line}: has {cells.Length} cells, but the header names more");
            }
            else
            {
                yield return new TableRow(line, [.. places.Select(place => (IReadOnlyList<string>)[cells[place]])]);
            }
        }
    }

    private static bool FindMissing(IReadOnlyList<string> columns, int[] places, string[] header, List<string> problems)
    {
        foreach (var (column, place) in columns.Zip(places))
        {
            if (place < 0)
                problems.Add($"has no column '{column}'; its columns are {string.Join(", ", header)}");
        }

        return problems.Count > 0;
    }
}
