using System.Text;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Tables;

/// <summary>Reads columns of a person's own file: CSV, TSV, or JSON lines, as its name ends.</summary>
internal static class TableFile
{
    private const int ShownProblems = 10;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, Func<TextReader, IReadOnlyList<string>, List<string>, IEnumerable<TableRow>>> Readers = new(StringComparer.OrdinalIgnoreCase)
    {
        [".csv"] = (reader, columns, problems) => DelimitedRows.Read(reader, ',', columns, problems),
        [".tsv"] = (reader, columns, problems) => DelimitedRows.Read(reader, '\t', columns, problems),
        [".jsonl"] = JsonRows.Read,
        [".ndjson"] = JsonRows.Read,
    };

    public static string Endings => string.Join(", ", Readers.Keys);

    /// <summary>Whether a file's name says that it is a table.</summary>
    public static bool IsTable(string path) => Readers.ContainsKey(Path.GetExtension(path));

    /// <summary>The rows of a file, in order.</summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="columns">The columns that are needed.</param>
    /// <exception cref="UserInputException">The file is missing, has another format, lacks a column, or has rows that can't be used; the first of them are listed.</exception>
    public static IReadOnlyList<TableRow> Read(string path, IReadOnlyList<string> columns)
    {
        if (!File.Exists(path))
            throw new UserInputException($"The file '{path}' does not exist.");
        if (!IsTable(path))
            throw new UserInputException($"'{path}' is not a table that can be read; its name must end in one of {Endings}.");
        var problems = new List<string>();
        List<TableRow> rows = [];
        try
        {
            using var reader = new StreamReader(path, StrictUtf8);
            rows.AddRange(Readers[Path.GetExtension(path)](reader, columns, problems));
        }
        catch (DecoderFallbackException)
        {
            problems.Add("is not UTF-8 text");
        }

        if (problems.Count == 0 && rows.Count == 0)
            problems.Add("there are no rows");
        var more = problems.Count > ShownProblems ? $"; and {problems.Count - ShownProblems} more" : "";
        return problems.Count == 0 ? rows : throw new UserInputException($"{path}: {string.Join("; ", problems.Take(ShownProblems))}{more}.");
    }
}
