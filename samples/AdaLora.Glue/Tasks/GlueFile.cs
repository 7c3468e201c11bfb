namespace AdaLora.Glue.Tasks;

/// <summary>The contents of a GLUE file: the examples of its good rows, in order, and what is wrong with the others.</summary>
/// <param name="Examples">The examples.</param>
/// <param name="Problems">What prevents the file from being used.</param>
internal sealed record GlueFile(IReadOnlyList<GlueExample> Examples, IReadOnlyList<DataProblem> Problems)
{
    /// <summary>
    /// The share of rows that may be truncated. Official files have some such rows (QQP); many mean that it is a different file. A test set may have none, because its predictions are
    /// identified by their row.
    /// </summary>
    private const double ShortShare = 0.01;

    private const int ShownLines = 5;

    /// <summary>Rows with too few cells, which are skipped.</summary>
    public IReadOnlyList<DataProblem> LeftOut { get; private init; } = [];

    /// <summary>What was skipped, in words; null if nothing was.</summary>
    public string? DescribeLeftOut(string path)
    {
        if (LeftOut.Count == 0)
            return null;
        var shown = string.Join(", ", LeftOut.Take(ShownLines).Select(problem => problem.Line));
        return $"{path}: {LeftOut.Count} of {Examples.Count + LeftOut.Count} rows have too few cells and are skipped ({(LeftOut.Count == 1 ? "line" : "lines")} {shown}{(LeftOut.Count > ShownLines ? ", …" : "")}).";
    }

    /// <summary>Reads the file at <paramref name="path"/> row by row; a row that cannot be used becomes a problem, not an exception.</summary>
    public static GlueFile Parse(string path, GlueTask task, GlueSplit split)
    {
        var examples = new List<GlueExample>();
        var problems = new List<DataProblem>();
        var shortRows = new List<DataProblem>();
        var names = split == GlueSplit.Test ? null : task.Columns.WithoutHeader;
        var layout = names is null ? null : new GlueLayout(task, split, names);
        var line = 0;
        foreach (var cells in TabSeparatedText.ReadRows(path))
        {
            line++;
            if (layout is null)
            {
                problems.AddRange(MissingColumns(cells, task, split));
                if (problems.Count > 0)
                    break;
                layout = new GlueLayout(task, split, cells);
                continue;
            }

            if (layout.FindShort(cells, line) is { } shortRow)
            {
                shortRows.Add(shortRow);
                continue;
            }

            var (example, problem) = layout.Read(cells, line);
            if (example is not null)
                examples.Add(example);
            else if (problem is not null)
                problems.Add(problem);
        }

        var most = split == GlueSplit.Test ? 0 : (int)(ShortShare * (examples.Count + problems.Count + shortRows.Count));
        if (problems.Count > 0 || shortRows.Count > most)
            return new GlueFile(examples, [.. problems.Concat(shortRows).OrderBy(problem => problem.Line)]);
        if (examples.Count == 0)
            problems.Add(new DataProblem(Math.Max(line, 1), null, "expected examples, found none"));
        return new GlueFile(examples, problems) { LeftOut = shortRows };
    }

    private static IEnumerable<DataProblem> MissingColumns(string[] header, GlueTask task, GlueSplit split) =>
        GlueLayout.NeededColumns(task, split).Except(header)
            .Select(name => new DataProblem(1, name, $"expected in the header for task {task.Name}, found {string.Join(", ", header.Select(GlueLayout.Quote))}"));
}
