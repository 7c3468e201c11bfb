using AdaLora.Experiments.Programs;

namespace AdaLora.Summarization.Data;

/// <summary>Where the files of a data set are: in a folder under the usual names, or as they are named.</summary>
/// <param name="data">A folder, or the training set.</param>
/// <param name="dev">The dev set, if it is named.</param>
internal sealed class DocumentFolder(string data, string? dev)
{
    /// <summary>The option that names a dev set.</summary>
    public const string DevOption = "--dev";

    private static readonly string[] DevNames = ["dev", "validation", "val", "test"];

    public IReadOnlyList<string> TrainingFiles => File.Exists(data)
        ? [data]
        : Find("train") is { Count: > 0 } found
            ? found
            : throw new UserInputException($"'{data}' has no training set: no file train, or train-*, that ends in one of {DocumentFile.Endings}.");

    public IReadOnlyList<string> DevFiles
    {
        get
        {
            if (dev is not null)
                return [dev];
            var found = File.Exists(data) ? [] : DevNames.Select(Find).FirstOrDefault(files => files.Count > 0) ?? [];
            return found.Count > 0
                ? found
                : throw new UserInputException($"'{data}' has no dev set; name one with {DevOption}, or keep a part of the training set aside with --held-out 0.1.");
        }
    }

    // One file, or the parts in which the hub keeps a set.
    private List<string> Find(string name) =>
        [.. Directory.GetFiles(data).Where(file => DocumentFile.IsTable(file) && IsPartOf(name, Path.GetFileNameWithoutExtension(file))).Order(StringComparer.Ordinal)];

    private static bool IsPartOf(string set, string name) => name == set || name.StartsWith($"{set}-", StringComparison.Ordinal);
}
