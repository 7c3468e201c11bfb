using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tasks;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands.Runs;

/// <summary>The command that classifies texts with a finished run; its output is JSON lines.</summary>
internal static class PredictCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create(ModelFolder models, TextReader standardInput)
    {
        var arguments = new RunArguments(models);
        var text = new Option<string?>("--text") { Description = "One text.", HelpName = "TEXT" };
        var pair = new Option<string?>("--pair") { Description = "The second text, for tasks on pairs of texts.", HelpName = "TEXT" };
        var input = new Option<string?>("--input") { Description = "A file with one text per line, pairs separated by a tab; - or no file means standard input.", HelpName = "FILE" };
        var command = new ExampledCommand(
            "predict",
            "Classifies texts with a finished run; writes JSON lines.",
            "AdaLora.Glue predict runs/cola-adalora-1 --text \"The cats sleep.\"",
            "cat sentences.txt | AdaLora.Glue predict runs/cola-adalora-1 > labels.jsonl") { text, pair, input };
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var texts = Texts((GlueTask)run.Settings.Task, line.GetValue(text), line.GetValue(pair), line.GetValue(input), standardInput);
            using var trained = arguments.Load(line, run, run.Settings, DataSets.None, token);
            foreach (var answer in trained.Model.Predict(texts))
            {
                if (token.IsCancellationRequested)
                    return Task.FromResult(ExitCode.Cancelled);
                line.InvocationConfiguration.Output.WriteLine(answer.ToJsonString(Json));
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static IEnumerable<IReadOnlyList<string>> Texts(GlueTask task, string? text, string? pair, string? input, TextReader standardInput)
    {
        if (text is not null)
        {
            if (input is not null)
                throw new UserInputException("--text and --input cannot be combined.");
            return task.IsPair == pair is not null
                ? [pair is null ? [text] : [text, pair]]
                : throw new UserInputException(task.IsPair ? $"{task.Name} works on pairs of texts; give the second one with --pair." : $"{task.Name} works on single texts; omit --pair.");
        }

        if (input is not (null or "-") && !File.Exists(input))
            throw new UserInputException($"The file '{input}' does not exist.");
        return (input is null or "-" ? Lines(standardInput) : File.ReadLines(input)).Select((content, index) => Parse(task, content, index + 1));
    }

    private static IReadOnlyList<string> Parse(GlueTask task, string content, int number)
    {
        var cells = content.Split('\t');
        if (cells.Length != (task.IsPair ? 2 : 1))
            throw new UserInputException($"Line {number} has {cells.Length} texts; {task.Name} needs {(task.IsPair ? "two, separated by a tab" : "one, without tabs")}.");
        return cells;
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } content)
            yield return content;
    }
}
