namespace AdaLora.Glue;

/// <summary>What a GLUE file holds: the examples of its good rows, in order, and what is wrong with the others.</summary>
internal sealed record GlueFile(IReadOnlyList<GlueExample> Examples, IReadOnlyList<DataProblem> Problems)
{
    /// <summary>Reads the file at <paramref name="path"/> row by row; a row that cannot be used becomes a problem, not an exception.</summary>
    public static GlueFile Parse(string path, GlueTask task, GlueSplit split)
    {
        var examples = new List<GlueExample>();
        var problems = new List<DataProblem>();
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

            var (example, problem) = layout.Read(cells, line);
            if (example is not null)
                examples.Add(example);
            else if (problem is not null)
                problems.Add(problem);
        }

        if (examples.Count == 0 && problems.Count == 0)
            problems.Add(new DataProblem(Math.Max(line, 1), null, "expected examples, found none"));
        return new GlueFile(examples, problems);
    }

    private static IEnumerable<DataProblem> MissingColumns(string[] header, GlueTask task, GlueSplit split) =>
        GlueLayout.NeededColumns(task, split).Except(header)
            .Select(name => new DataProblem(1, name, $"expected in the header for task {task.Name}, found {string.Join(", ", header.Select(GlueLayout.Quote))}"));
}
