using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Instruct.Data;

/// <summary>What is in the columns of a row.</summary>
/// <param name="PromptColumn">The column of prompts.</param>
/// <param name="CompletionColumn">The column of completions.</param>
/// <param name="SplitAt">Where the completion begins in rows that are a text alone: behind this; null for texts without completion.</param>
internal sealed record RowFormat(string PromptColumn = "prompt", string CompletionColumn = "completion", string? SplitAt = null)
{
    private const string Messages = "messages";
    private const string Text = "text";

    /// <summary>A row of JSON lines.</summary>
    /// <exception cref="FormatException">It is none; the message says why.</exception>
    public TextRow OfJson(string line)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(line);
        }
        catch (JsonException e)
        {
            throw new FormatException($"is not JSON: {e.Message}", e);
        }

        if (node is not JsonObject row)
            throw new FormatException("is not a JSON object");
        if (row[Messages] is { } messages)
            return OfMessages(messages);
        return Of(name => !row.TryGetPropertyValue(name, out var value) ? null
            : value is JsonValue text && text.TryGetValue<string>(out var found) ? found
            : throw new FormatException($"'{name}' is not a text"));
    }

    /// <summary>A row of a table.</summary>
    /// <param name="column">The content of a column, or null.</param>
    /// <exception cref="FormatException">It has none of the columns; the message says why.</exception>
    public TextRow Of(Func<string, string?> column)
    {
        if (column(PromptColumn) is { } prompt)
            return new PromptRow(prompt, column(CompletionColumn) ?? throw new FormatException($"has '{PromptColumn}', but no '{CompletionColumn}'"));
        if (column(Text) is not { } text)
            throw new FormatException($"has neither '{Messages}' nor '{PromptColumn}' with '{CompletionColumn}' nor '{Text}'");
        if (SplitAt is null)
            return new PlainRow(text);
        var at = text.IndexOf(SplitAt, StringComparison.Ordinal);
        return at >= 0 ? new PromptRow(text[..(at + SplitAt.Length)], text[(at + SplitAt.Length)..]) : throw new FormatException($"'{Text}' does not hold the text behind which answers begin");
    }

    private static ConversationRow OfMessages(JsonNode messages)
    {
        if (messages is not JsonArray { Count: > 0 } list)
            throw new FormatException($"'{Messages}' is not a list with messages");
        foreach (var (number, message) in list.Index())
        {
            if (message is not JsonObject found || found["role"] is not JsonValue role || !role.TryGetValue<string>(out _))
                throw new FormatException($"message {number + 1} is not an object with a role");
        }

        return new ConversationRow((JsonArray)list.DeepClone());
    }
}
