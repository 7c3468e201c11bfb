using System.CommandLine;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tables;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands.Runs;

/// <summary>The command that classifies texts with a finished run.</summary>
internal static class ClassifyCommand
{
    public static Command Create(ModelFolder models, TextReader standardInput)
    {
        var text = new Option<string?>("--text") { Description = "One text.", HelpName = "TEXT" };
        var pair = new Option<string?>("--pair") { Description = "The second text, for tasks on pairs of texts.", HelpName = "TEXT" };
        var input = new Option<string?>("--input") { Description = "A file with one text per line, pairs separated by a tab; - or no file means standard input. For a run on your own file also a table like that file.", HelpName = "FILE" };
        return PredictCommand.Create(
            GlueDescription.Application,
            models,
            "Classifies texts with a finished run; writes JSON lines.",
            [text, pair, input],
            (run, line) => Texts(run.Settings, line.GetValue(text), line.GetValue(pair), line.GetValue(input), standardInput));
    }

    private static IEnumerable<IReadOnlyList<string>> Texts(RunSettings settings, string? text, string? pair, string? input, TextReader standardInput)
    {
        var (name, isPair) = settings.Task is GlueTask task ? (task.Name, task.IsPair) : ("this run", settings.Get(FileTaskOptions.Pair) is not null);
        if (text is not null)
        {
            if (input is not null)
                throw new UserInputException("--text and --input cannot be combined.");
            return isPair == pair is not null
                ? [pair is null ? [text] : [text, pair]]
                : throw new UserInputException(isPair ? $"{name} works on pairs of texts; give the second one with --pair." : $"{name} works on single texts; omit --pair.");
        }

        if (input is not (null or "-") && !File.Exists(input))
            throw new UserInputException($"The file '{input}' does not exist.");
        if (settings.Task is FileTask && input is not null && TableFile.IsTable(input))
        {
            string[] columns = [.. ((string?[])[settings.Get(FileTaskOptions.Text), settings.Get(FileTaskOptions.Pair)]).OfType<string>()];
            return TableFile.Read(input, columns).Select(row => (IReadOnlyList<string>)[.. row.Cells.Select(cell => string.Join(' ', cell))]);
        }

        return (input is null or "-" ? Lines(standardInput) : File.ReadLines(input)).Select((content, index) => Parse(name, isPair, content, index + 1));
    }

    private static IReadOnlyList<string> Parse(string name, bool isPair, string content, int number)
    {
        var cells = content.Split('\t');
        if (cells.Length != (isPair ? 2 : 1))
            throw new UserInputException($"Line {number} has {cells.Length} texts; {name} needs {(isPair ? "two, separated by a tab" : "one, without tabs")}.");
        return cells;
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } content)
            yield return content;
    }
}
