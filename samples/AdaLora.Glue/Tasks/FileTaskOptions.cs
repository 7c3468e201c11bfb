using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tables;

namespace AdaLora.Glue.Tasks;

/// <summary>The options of a run on a person's own files.</summary>
internal static class FileTaskOptions
{
    public static RunOption<string?> Train { get; } = File("--train", $"Your own training set, in place of a GLUE task: a table whose name ends in one of {TableFile.Endings}. Its classes are those of its labels.");

    public static RunOption<string?> Dev { get; } = File("--dev", "Your own dev set.");

    public static RunOption<string?> Text { get; } = Column("--text", "The column of the text.");

    public static RunOption<string?> Pair { get; } = Column("--pair", "The column of the second text, if there are two.");

    public static RunOption<string?> Label { get; } = Column("--label", "The column of the label, which may be a word or a number.");

    public static RunOption<string?> Separator { get; } = new("--label-separator", "A text may have several labels, or none; this stands between them, such as \";\". Lists in JSON lines need none.", text => text)
    {
        HelpName = "TEXT",
        Problem = (text, _) => text is { Length: 0 } ? "must not be empty" : null,
    };

    public static IReadOnlyList<RunOption> All { get; } = [Train, Dev, Text, Pair, Label, Separator];

    private static RunOption<string?> File(string name, string description) => new(name, description, path => path)
    {
        HelpName = "FILE",
        Problem = (path, run) => path switch
        {
            null => run.Task is FileTask && name == "--train" ? "is required" : null,
            _ when run.Task is not FileTask => $"belongs to your own files, but the task is {run.Task.Name}; omit {RunOptions.Task}",
            _ when !System.IO.File.Exists(path) => $"the file '{path}' does not exist",
            _ when !TableFile.IsTable(path) => $"the name of '{path}' must end in one of {TableFile.Endings}",
            _ => null,
        },
    };

    private static RunOption<string?> Column(string name, string description) => new(name, description, column => column)
    {
        HelpName = "COLUMN",
        Problem = (column, run) => column is null && run.Task is FileTask && name != "--pair" ? "is required; name a column of the file" : null,
    };
}
