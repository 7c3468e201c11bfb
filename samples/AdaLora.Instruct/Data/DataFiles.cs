using AdaLora.Experiments.Programs;

namespace AdaLora.Instruct.Data;

/// <summary>Which files a run reads.</summary>
internal static class DataFiles
{
    private static readonly string[] Endings = [".jsonl", ".json", ".csv"];
    private static readonly string[] DevNames = ["valid", "validation", "dev", "test"];

    /// <exception cref="UserInputException">There is none.</exception>
    public static string Training(string data) => File.Exists(data) ? data
        : Find(data, "train") ?? throw new UserInputException($"'{data}' has no train.jsonl or train.csv; name the file itself.");

    /// <summary>The file to evaluate on, or null if there is none.</summary>
    public static string? Dev(string data, string? named) => named ?? (Directory.Exists(data) ? DevNames.Select(name => Find(data, name)).FirstOrDefault(path => path is not null) : null);

    private static string? Find(string folder, string name) => Endings.Select(ending => Path.Combine(folder, name + ending)).FirstOrDefault(File.Exists);
}
