using System.Globalization;
using Parquet.Serialization;

namespace AdaLora.Glue;

/// <summary>GLUE as the Hugging Face hub has it: parquet files with a column per text, labels as class indices or scores, and -1 where a label is held back.</summary>
internal static class ParquetLayout
{
    private const string Label = "label";

    /// <summary>What the file names of a set look like.</summary>
    public static string PatternOf(GlueSplit split, GluePart part) => split switch
    {
        GlueSplit.Train => "train-*.parquet",
        GlueSplit.Dev => $"validation{part.FileSuffix}-*.parquet",
        _ => $"test{part.FileSuffix}-*.parquet",
    };

    /// <summary>The files of a set in their order; none when the folder has another layout.</summary>
    public static IReadOnlyList<string> FindFiles(string folder, GlueTask task, GlueSplit split, GluePart part)
    {
        var own = Path.Combine(folder, task.Name);
        return Files(own) is { Count: > 0 } found ? found : Files(folder);

        List<string> Files(string place) => Directory.Exists(place) ? [.. Directory.GetFiles(place, PatternOf(split, part)).Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Reads a file; a row that cannot be used becomes a problem. Rows are counted from 1.</summary>
    /// <exception cref="UserInputException">It is no parquet file.</exception>
    public static GlueFile Parse(string path, GlueTask task, GlueSplit split)
    {
        var rows = ReadRows(path);
        var examples = new List<GlueExample>();
        var problems = new List<DataProblem>();
        if (rows.Count == 0)
            problems.Add(new DataProblem(1, null, "expected examples, found none"));
        for (var row = 0; row < rows.Count; row++)
        {
            var missing = NeededColumns(task, split).Where(name => rows[row].GetValueOrDefault(name) is not { } cell || (name != Label && cell is not string)).ToList();
            if (missing.Count > 0)
            {
                problems.AddRange(missing.Select(name => new DataProblem(row + 1, name, $"expected a {(name == Label ? "value" : "text")}, found none among {string.Join(", ", rows[row].Keys)}")));
                continue;
            }

            var label = split == GlueSplit.Test ? null : ParseLabel(task, rows[row][Label]);
            if (split != GlueSplit.Test && label is null)
                problems.Add(new DataProblem(row + 1, Label, $"expected {(task.IsRegression ? task.ExpectedLabel : $"a class from 0 to {task.LabelCount - 1}")}, found '{rows[row][Label]}'"));
            else
                examples.Add(new GlueExample((string)rows[row][task.HubColumns.Text], task.HubColumns.Pair is { } pair ? (string)rows[row][pair] : null, label));
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

    private static IReadOnlyList<Dictionary<string, object>> ReadRows(string path)
    {
        using var content = new MemoryStream(File.ReadAllBytes(path));
        try
        {
            return [.. ParquetSerializer.DeserializeUntypedAsync(content).GetAwaiter().GetResult().Data];
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The content is in memory already; whatever the library stumbles over, and it does so with many kinds of exceptions, is in there.
            throw new UserInputException($"{path} cannot be read as parquet: {e.Message}", e);
        }
    }
}
