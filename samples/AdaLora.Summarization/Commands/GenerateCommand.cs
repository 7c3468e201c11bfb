using System.CommandLine;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Summarization.Data;
using AdaLora.Summarization.Tasks;

namespace AdaLora.Summarization.Commands;

/// <summary>The command that summarises texts with a finished run.</summary>
internal static class GenerateCommand
{
    public static Command Create(ModelFolder models, TextReader standardInput)
    {
        var text = new Option<string?>("--text") { Description = "One text.", HelpName = "TEXT" };
        var input = new Option<string?>("--input")
        {
            Description = $"A table ({DocumentFile.Endings}) with a text in each row, or a file with a text on each line; - or no file means lines of standard input.",
            HelpName = "FILE",
        };
        var column = new Option<string?>(SummarizationOptions.TextColumn.Name) { Description = "The column of the texts in a table. [default: that of the run]", HelpName = "NAME" };
        return PredictCommand.Create(
            SummarizationDescription.Application,
            models,
            "Summarises texts with a finished run; writes JSON lines.",
            [text, input, column],
            (run, line) => Texts(line.GetValue(text), line.GetValue(input), line.GetValue(column) ?? run.Settings.Get(SummarizationOptions.TextColumn), standardInput)
                .Select(one => (IReadOnlyList<string>)[one]),
            name: "generate");
    }

    private static IEnumerable<string> Texts(string? text, string? input, string column, TextReader standardInput)
    {
        if (text is not null)
            return input is null ? [text] : throw new UserInputException("--text and --input cannot be combined.");
        if (input is null or "-")
            return Lines(standardInput);
        if (!File.Exists(input))
            throw new UserInputException($"The file '{input}' does not exist.");
        return DocumentFile.IsTable(input) ? DocumentFile.ReadColumn(input, column) : File.ReadLines(input);
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } content)
            yield return content;
    }
}
