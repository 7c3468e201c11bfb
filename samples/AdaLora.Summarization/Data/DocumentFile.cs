using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;

namespace AdaLora.Summarization.Data;

/// <summary>Reads texts from a person's own table.</summary>
internal static class DocumentFile
{
    private const string Parquet = ".parquet";

    private static readonly ApplicationProgram Program = new(typeof(DocumentFile).Assembly);

    public static string Endings => $"{TableFile.Endings}, {Parquet}";

    public static bool IsTable(string path) => IsParquet(path) || TableFile.IsTable(path);

    /// <summary>The rows of a file with both texts.</summary>
    /// <param name="path">The file.</param>
    /// <param name="textColumn">The column of the texts.</param>
    /// <param name="summaryColumn">That of the summaries.</param>
    /// <param name="skipped">How many rows lack one of both.</param>
    /// <exception cref="UserInputException">The file cannot be used.</exception>
    public static IReadOnlyList<Document> Read(string path, string textColumn, string summaryColumn, out int skipped)
    {
        var rows = Rows(path, [textColumn, summaryColumn]);
        List<Document> documents = [.. rows.Where(row => row.All(cell => !string.IsNullOrWhiteSpace(cell))).Select(row => new Document(row[0], row[1]))];
        skipped = rows.Count - documents.Count;
        return documents.Count > 0 ? documents : throw new UserInputException($"{path}: no row has both a text ('{textColumn}') and a summary ('{summaryColumn}').");
    }

    /// <summary>The texts of one column.</summary>
    public static IEnumerable<string> ReadColumn(string path, string column) => Rows(path, [column]).Select(row => row[0]);

    private static bool IsParquet(string path) => Path.GetExtension(path).Equals(Parquet, StringComparison.OrdinalIgnoreCase);

    // A list of texts, such as sentences, is one text of several lines.
    private static IReadOnlyList<IReadOnlyList<string>> Rows(string path, IReadOnlyList<string> columns) => IsParquet(path)
        ? ParquetRows(path, columns)
        : [.. TableFile.Read(path, columns).Select(row => (IReadOnlyList<string>)[.. row.Cells.Select(cell => string.Join('\n', cell))])];

    private static IReadOnlyList<IReadOnlyList<string>> ParquetRows(string path, IReadOnlyList<string> columns)
    {
        try
        {
            var table = ParquetTable.Read(path, columns, Program);
            var missing = columns.Where(column => !table.Columns.Contains(column)).ToList();
            if (missing.Count > 0)
                throw new UserInputException($"{path}: has no column {string.Join(" and ", missing.Select(name => $"'{name}'"))}; its columns are {string.Join(", ", table.Columns)}.");
            return [.. Enumerable.Range(0, table.RowCount).Select(row => (IReadOnlyList<string>)[.. columns.Select(column => table[column][row] as string ?? "")])];
        }
        catch (InvalidDataException e)
        {
            throw new UserInputException($"{path} cannot be read as parquet: {e.Message}", e);
        }
    }
}
