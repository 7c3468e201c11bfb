using AdaLora.Experiments.Programs;

namespace AdaLora.Glue.Tasks;

/// <summary>A data file is not in the layout of its task. The message names the first problems and counts the rest.</summary>
internal sealed class DataFormatException(string file, IReadOnlyList<DataProblem> problems) : UserInputException(Describe(file, problems))
{
    private const int Shown = 10;

    public string File { get; } = file;

    /// <summary>All problems, in the order of their lines.</summary>
    public IReadOnlyList<DataProblem> Problems { get; } = problems;

    private static string Describe(string file, IReadOnlyList<DataProblem> problems)
    {
        var hidden = problems.Count - Shown;
        var more = hidden > 0 ? $"; and {hidden} more" : "";
        var count = problems.Count == 1 ? "a problem" : $"{problems.Count} problems";
        return $"{file} is not in the official GLUE layout, {count}: {string.Join("; ", problems.Take(Shown))}{more}.";
    }
}
