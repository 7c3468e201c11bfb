using System.Text.Json;
using AdaLora.Experiments.Programs;

namespace AdaLora.Squad.Data;

/// <summary>Reads files in SQuAD's format, of version 1.1 or 2.0: data, paragraphs, qas.</summary>
internal static class SquadFile
{
    private const int ShownProblems = 10;

    /// <summary>All questions of a file, in order.</summary>
    /// <exception cref="UserInputException">The file is missing, is not in this format, or has answers that don't stand where it says.</exception>
    public static IReadOnlyList<SquadQuestion> Read(string path)
    {
        if (!File.Exists(path))
            throw new UserInputException($"The file '{path}' does not exist; give a file in SQuAD's format.");
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            return Accept(path, document.RootElement);
        }
        catch (JsonException e)
        {
            throw new UserInputException($"{path} is not JSON: {e.Message}", e);
        }
    }

    private static List<SquadQuestion> Accept(string path, JsonElement root)
    {
        var problems = new List<string>();
        var questions = new List<SquadQuestion>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var (article, title) in Items(root, "data", "the file", problems).Select((article, i) => (article, Text(article, "title") ?? $"article {i + 1}")))
        {
            foreach (var paragraph in Items(article, "paragraphs", title, problems))
            {
                if (Text(paragraph, "context") is not { } context)
                {
                    problems.Add($"{title}: a paragraph has no context");
                    continue;
                }

                var passage = new Passage(number++, Text(article, "title") ?? "", context);
                foreach (var question in Items(paragraph, "qas", title, problems))
                {
                    if (Read(question, passage, problems) is not { } read)
                        continue;
                    if (ids.Add(read.Id))
                        questions.Add(read);
                    else
                        problems.Add($"the id '{read.Id}' occurs twice");
                }
            }
        }

        if (problems.Count == 0 && questions.Count == 0)
            problems.Add("there are no questions");
        var more = problems.Count > ShownProblems ? $"; and {problems.Count - ShownProblems} more" : "";
        return problems.Count == 0 ? questions : throw new UserInputException($"{path} is not in SQuAD's format: {string.Join("; ", problems.Take(ShownProblems))}{more}.");
    }

    private static SquadQuestion? Read(JsonElement question, Passage passage, List<string> problems)
    {
        // Some files have numbers.
        var id = question.ValueKind == JsonValueKind.Object && question.TryGetProperty("id", out var given) && given.ValueKind is JsonValueKind.String or JsonValueKind.Number ? given.ToString() : null;
        if (id is null || Text(question, "question") is not { } text)
        {
            problems.Add($"{passage.Title}: a question lacks {(id is null ? "its id" : "its text")}");
            return null;
        }

        var isImpossible = question.TryGetProperty("is_impossible", out var impossible) && impossible.ValueKind == JsonValueKind.True;
        return new SquadQuestion(id, text, passage, isImpossible ? [] : [.. Items(question, "answers", $"question {id}", problems).Select(answer => Locate(answer, id, passage, problems))]);
    }

    private static GoldAnswer Locate(JsonElement answer, string id, Passage passage, List<string> problems)
    {
        if (Text(answer, "text") is not { } text || !answer.TryGetProperty("answer_start", out var start) || !start.TryGetInt32(out var place))
        {
            problems.Add($"question {id}: an answer lacks text or answer_start");
            return default;
        }

        var found = CodePointPlaces.ToUnits(passage.Context, place);
        if (found is { } units && passage.Context.AsSpan(units).StartsWith(text, StringComparison.Ordinal))
            return new GoldAnswer(text, units);
        problems.Add($"question {id}: '{text}' does not stand at character {place} of its context");
        return default;
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IEnumerable<JsonElement> Items(JsonElement element, string name, string owner, List<string> problems)
    {
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array)
            return list.EnumerateArray();
        problems.Add($"{owner} has no list '{name}'");
        return [];
    }
}
