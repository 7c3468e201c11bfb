using AdaLora.Experiments.Programs;

namespace AdaLora.Squad.Data;

/// <summary>Finds the files of a data set that is given as a folder, as one file, or as two.</summary>
/// <param name="Data">A folder with the official files, or a file.</param>
/// <param name="Dev">Another dev set; null for that of the folder.</param>
/// <param name="Version">The version in the names of files, such as "v1.1".</param>
internal sealed record SquadFolder(string Data, string? Dev, string Version)
{
    public string TrainingFile => FileOf("train");

    /// <summary>The file of the dev set; null if only a training set is given.</summary>
    public string? DevFile => Dev ?? (Directory.Exists(Data) ? FileOf("dev") : null);

    private string FileOf(string set)
    {
        if (!Directory.Exists(Data))
            return Data;
        var path = Path.Combine(Data, $"{set}-{Version}.json");
        return File.Exists(path) ? path : throw new UserInputException($"'{path}' does not exist; --data takes a folder with train-{Version}.json and dev-{Version}.json, or a file.");
    }
}
