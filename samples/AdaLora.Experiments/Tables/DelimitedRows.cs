using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace AdaLora.Experiments.Tables;

/// <summary>The rows of a file with a header and a character between cells, by RFC 4180: cells in quotes may hold that character, line breaks, and quotes that are doubled.</summary>
internal static class DelimitedRows
{
    private const string BadQuotes = "a quote stands inside a cell that is not in quotes, or is not doubled or closed";

    /// <summary>The cells of a row.</summary>
    /// <exception cref="FormatException">Its quotes are wrong.</exception>
    public static IReadOnlyList<string> Split(string row, char delimiter)
    {
        var isBad = false;
        using var parser = new CsvParser(new StringReader(row), ConfigurationFor(delimiter, () => isBad = true));
        var cells = parser.Read() ? parser.Record! : [];
        return isBad || parser.Read() ? throw new FormatException(BadQuotes) : cells;
    }

    public static IEnumerable<TableRow> Read(TextReader reader, char delimiter, IReadOnlyList<string> columns, List<string> problems)
    {
        var bad = new List<int>();
        CsvParser? parser = null;
        using var owned = parser = new CsvParser(reader, ConfigurationFor(delimiter, () => bad.Add(parser!.RawRow)));
        int[]? places = null;
        var next = 1;
        while (parser.Read())
        {
            var line = next;
            next = parser.RawRow + 1;
            var cells = parser.Record!;
            if (bad.Count > 0)
            {
                problems.Add($"line {line}: {BadQuotes}");
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

    private static CsvConfiguration ConfigurationFor(char delimiter, Action badQuotesFound) => new(CultureInfo.InvariantCulture)
    {
        Delimiter = delimiter.ToString(),
        BadDataFound = _ => badQuotesFound(),
        IgnoreBlankLines = true,
    };

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
