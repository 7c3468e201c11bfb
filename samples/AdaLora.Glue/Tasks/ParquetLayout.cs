using System.Globalization;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tables;

namespace AdaLora.Glue.Tasks;

/// <summary>GLUE as the Hugging Face hub has it: parquet files with a column per text, labels as class indices or scores, and -1 where a label is withheld.</summary>
internal static class ParquetLayout
{
    private const string Label = "label";

    private static readonly ApplicationProgram Program = new(typeof(ParquetLayout).Assembly);

    /// <summary>What the file names of a set look like.</summary>
    public static string PatternOf(GlueSplit split, GluePart part) => split switch
    {
        GlueSplit.Train => "train-*.parquet",
        GlueSplit.Dev => $"validation{part.FileSuffix}-*.parquet",
        _ => $"test{part.FileSuffix}-*.parquet",
    };

    /// <summary>The files of a set in their order; none if the folder has a different layout.</summary>
    public static IReadOnlyList<string> FindFiles(string folder, GlueTask task, GlueSplit split, GluePart part)
    {
        var own = Path.Combine(folder, task.Name);
        return Files(own) is { Count: > 0 } found ? found : Files(folder);

        List<string> Files(string place) => Directory.Exists(place) ? [.. Directory.GetFiles(place, PatternOf(split, part)).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Reads a file; a row that cannot be used becomes a problem. Rows are counted from 1.</summary>
    /// <exception cref="UserInputException">It cannot be read as parquet.</exception>
    public static GlueFile Parse(string path, GlueTask task, GlueSplit split)
    {
        try
        {
            return Parse(ParquetTable.Read(path, [.. NeededColumns(task, split)], Program), task, split);
        }
        catch (InvalidDataException e)
        {
            throw new UserInputException($"{path} cannot be read as parquet: {e.Message}", e);
        }
    }

    private static GlueFile Parse(ParquetTable file, GlueTask task, GlueSplit split)
    {
        var columns = NeededColumns(task, split).ToDictionary(name => name, name => file[name]);
        var examples = new List<GlueExample>();
        var problems = new List<DataProblem>();
        if (file.RowCount == 0)
            problems.Add(new DataProblem(1, null, "expected examples, found none"));
        for (var row = 0; row < file.RowCount; row++)
        {
            var missing = columns.Where(column => column.Value[row] is not { } cell || (column.Key != Label && cell is not string)).Select(column => column.Key).ToList();
            if (missing.Count > 0)
            {
                problems.AddRange(missing.Select(name => new DataProblem(row + 1, name, $"expected a {(name == Label ? "value" : "text")}, found none among {string.Join(", ", file.Columns)}")));
                continue;
            }

            var label = split == GlueSplit.Test ? null : ParseLabel(task, columns[Label][row]!);
            if (split != GlueSplit.Test && label is null)
                problems.Add(new DataProblem(row + 1, Label, $"expected {(task.IsRegression ? task.ExpectedLabel : $"a class from 0 to {task.LabelCount - 1}")}, found '{columns[Label][row]}'"));
            else
                examples.Add(new GlueExample((string)columns[task.HubColumns.Text][row]!, task.HubColumns.Pair is { } pair ? (string)columns[pair][row]! : null, label));
        }

        return new GlueFile(examples, problems);
    }

    private static IEnumerable<string> NeededColumns(GlueTask task, GlueSplit split)
    {
        yield return task.HubColumns.Text;
        if (task.HubColumns.Pair is { } pair)
            yield return pair;
        if (split != GlueSplit.Test)
            yield return Label;
    }

    private static double? ParseLabel(GlueTask task, object cell)
    {
        if (!double.TryParse(Convert.ToString(cell, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture, out var value))
            return null;
        return (task.IsRegression ? value >= task.ScoreRange.Low && value <= task.ScoreRange.High : double.IsInteger(value) && value >= 0 && value < task.LabelCount) ? value : null;
    }
}
