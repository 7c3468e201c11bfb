using AdaLora.Experiments.Programs;

namespace AdaLora.Glue.Tasks;

/// <summary>Reads GLUE folders, in the official layout or in that of the parquet files on the Hugging Face hub.</summary>
internal static class GlueReader
{
    /// <summary>Reads one set of a task completely.</summary>
    /// <param name="folder">The folder that holds the folders of all tasks, or the task's own.</param>
    /// <param name="task">The task to read.</param>
    /// <param name="split">Which set of it.</param>
    /// <param name="part">Which file of a dev or test set; the first one if null.</param>
    /// <param name="note">Receives a note about rows that are skipped.</param>
    /// <exception cref="DataFormatException">A column is missing or a row cannot be used.</exception>
    /// <exception cref="UserInputException">The folder or the file does not exist.</exception>
    public static IReadOnlyList<GlueExample> Read(string folder, GlueTask task, GlueSplit split, GluePart? part = null, Action<string>? note = null)
    {
        if (!Directory.Exists(folder))
            throw new UserInputException($"The data folder '{folder}' does not exist; --data takes the GLUE folder or its folder {task.Folder}.");
        if (ParquetLayout.FindFiles(folder, task, split, part ?? task.Parts[0]) is { Count: > 0 } shards)
            return [.. shards.SelectMany(path => Accept(path, ParquetLayout.Parse(path, task, split), note))];
        var file = FindFile(folder, task, split, part);
        return Accept(file, GlueFile.Parse(file, task, split), note);
    }

    /// <summary>The path of the file in the official layout that <see cref="Read"/> would read.</summary>
    /// <exception cref="UserInputException">The file does not exist.</exception>
    public static string FindFile(string folder, GlueTask task, GlueSplit split, GluePart? part = null)
    {
        var suffix = split == GlueSplit.Train ? "" : (part ?? task.Parts[0]).FileSuffix;
        var name = $"{split.ToString().ToLowerInvariant()}{suffix}.tsv";
        string[] candidates = [Path.Combine(folder, task.Folder, name), Path.Combine(folder, name)];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new UserInputException(
                $"Found neither {candidates[0]} nor {candidates[1]}, nor any parquet files such as {Path.Combine(folder, task.Name, ParquetLayout.PatternOf(split, part ?? task.Parts[0]))}; --data takes the GLUE folder or its folder {task.Folder}.");
    }

    private static IReadOnlyList<GlueExample> Accept(string path, GlueFile file, Action<string>? note)
    {
        if (file.Problems.Count > 0)
            throw new DataFormatException(path, file.Problems);
        if (file.DescribeLeftOut(path) is { } leftOut)
            note?.Invoke(leftOut);
        return file.Examples;
    }
}
