using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;

namespace AdaLora.Squad.Commands;

/// <summary>The command that answers questions with a finished run.</summary>
internal static class AnswerCommand
{
    public static Command Create(ModelFolder models, TextReader standardInput)
    {
        var question = new Option<string?>("--question") { Description = "One question.", HelpName = "TEXT" };
        var context = new Option<string?>("--context") { Description = "The text that holds the answer.", HelpName = "TEXT" };
        var input = new Option<string?>("--input")
        {
            Description = "A file with one question per line: an object with question and context, or both separated by a tab; - or no file means standard input.",
            HelpName = "FILE",
        };
        return PredictCommand.Create(
            SquadDescription.Application,
            models,
            "Answers questions with a finished run; writes JSON lines.",
            [question, context, input],
            (_, line) => Questions(line.GetValue(question), line.GetValue(context), line.GetValue(input), standardInput));
    }

    private static IEnumerable<IReadOnlyList<string>> Questions(string? question, string? context, string? input, TextReader standardInput)
    {
        if (question is not null || context is not null)
        {
            if (input is not null)
                throw new UserInputException("--input cannot be combined with --question and --context.");
            return question is not null && context is not null
                ? [[question, context]]
                : throw new UserInputException($"A question needs a text to find the answer in; add {(question is null ? "--question" : "--context")}.");
        }

        if (input is not (null or "-") && !File.Exists(input))
            throw new UserInputException($"The file '{input}' does not exist.");
        return (input is null or "-" ? Lines(standardInput) : File.ReadLines(input)).Select((content, index) => Parse(content, index + 1));
    }

    private static IReadOnlyList<string> Parse(string content, int number)
    {
        if (!content.StartsWith('{'))
            return content.Split('\t') is [_, _] cells ? cells : throw new UserInputException($"Line {number} is neither an object nor a question and a text separated by a tab.");
        try
        {
            var found = JsonNode.Parse(content)!.AsObject();
            return [Text("question"), Text("context")];

            string Text(string name) => found[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw new UserInputException($"Line {number} has no text '{name}'.");
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new UserInputException($"Line {number} is not JSON: {e.Message}", e);
        }
    }

    private static IEnumerable<string> Lines(TextReader reader)
    {
        while (reader.ReadLine() is { } content)
            yield return content;
    }
}
