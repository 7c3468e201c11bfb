namespace AdaLora.Glue;

/// <summary>Reads GLUE folders in the official layout.</summary>
internal static class GlueReader
{
    /// <summary>Reads one file of a task completely.</summary>
    /// <param name="folder">The folder that holds the folders of all tasks, or the task's own.</param>
    /// <param name="task">The task to read.</param>
    /// <param name="split">Which set of it.</param>
    /// <param name="part">Which file of a dev or test set; the first one when null.</param>
    /// <exception cref="DataFormatException">A column is missing or a row cannot be used.</exception>
    /// <exception cref="UserInputException">The folder or the file is not there.</exception>
    public static IReadOnlyList<GlueExample> Read(string folder, GlueTask task, GlueSplit split, GluePart? part = null)
    {
        var path = FindFile(folder, task, split, part);
        var file = GlueFile.Parse(path, task, split);
        return file.Problems.Count == 0 ? file.Examples : throw new DataFormatException(path, file.Problems);
    }

    /// <summary>The path of the file that <see cref="Read"/> would read.</summary>
    /// <exception cref="UserInputException">The folder or the file is not there.</exception>
    public static string FindFile(string folder, GlueTask task, GlueSplit split, GluePart? part = null)
    {
        if (!Directory.Exists(folder))
            throw new UserInputException($"There is no data folder '{folder}'; --data takes the GLUE folder or its folder {task.Folder}.");
        var suffix = split == GlueSplit.Train ? "" : (part ?? task.Parts[0]).FileSuffix;
        var name = $"{split.ToString().ToLowerInvariant()}{suffix}.tsv";
        string[] candidates = [Path.Combine(folder, task.Folder, name), Path.Combine(folder, name)];
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new UserInputException($"There is neither {candidates[0]} nor {candidates[1]}; --data takes the GLUE folder or its folder {task.Folder}.");
    }
}
