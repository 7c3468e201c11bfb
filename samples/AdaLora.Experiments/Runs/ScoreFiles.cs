using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Runs;

/// <summary>Writes the files that say more about an evaluation than its metrics.</summary>
internal static class ScoreFiles
{
    /// <returns>The paths of the files.</returns>
    public static IReadOnlyList<string> Write(string folder, TaskScores scores)
    {
        foreach (var (name, content) in scores.Files)
            OutputFile.WriteText(Path.Combine(folder, name), content());
        return [.. scores.Files.Keys.Select(name => Path.Combine(folder, name))];
    }
}
