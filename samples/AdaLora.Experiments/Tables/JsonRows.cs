using System.Text.Json;

namespace AdaLora.Experiments.Tables;

/// <summary>The rows of a file with a JSON object on each line. Numbers and truth values are texts as they are written; a list is several texts.</summary>
internal static class JsonRows
{
    public static IEnumerable<TableRow> Read(TextReader reader, IReadOnlyList<string> columns, List<string> problems)
    {
        for (var line = 1; reader.ReadLine() is { } text; line++)
        {
            if (!string.IsNullOrWhiteSpace(text) && Parse(text, line, columns, problems) is { } row)
                yield return row;
        }
    }

    private static TableRow? Parse(string text, int line, IReadOnlyList<string> columns, List<string> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add($"line {line}: is not an object");
                return null;
            }

            var cells = columns.Select(column => document.RootElement.TryGetProperty(column, out var value) ? Texts(value) : null).ToList();
            var missing = columns.Zip(cells).Where(pair => pair.Second is null).Select(pair => $"'{pair.First}'").ToList();
            if (missing.Count == 0)
                return new TableRow(line, cells!);
            problems.Add($"line {line}: has no text {string.Join(" and ", missing)} among {string.Join(", ", document.RootElement.EnumerateObject().Select(property => property.Name))}");
            return null;
        }
        catch (JsonException)
        {
            problems.Add($"line {line}: is not JSON");
            return null;
        }
    }

    private static IReadOnlyList<string>? Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => [value.GetRawText()],
        JsonValueKind.Array => [.. value.EnumerateArray().SelectMany(item => item.ValueKind == JsonValueKind.Array ? [] : Texts(item) ?? [])],
        _ => null,
    };
}
