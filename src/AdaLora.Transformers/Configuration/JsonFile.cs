using System.Text.Json;
using AdaLora.Internals;

namespace AdaLora.Transformers.Configuration;

/// <summary>JSON files of a checkpoint folder, with faults reported as <see cref="CheckpointException"/>.</summary>
internal static class JsonFile
{
    /// <summary>The object in a file, or null if there is no such file.</summary>
    /// <exception cref="CheckpointException">The file holds no JSON object.</exception>
    public static JsonElement? ReadIfThere(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            var root = Parse(RegularFile.ReadAllBytes(path));
            return root.ValueKind == JsonValueKind.Object ? root : throw new CheckpointException(path, "is not a JSON object.");
        }
        catch (JsonException exception)
        {
            throw new CheckpointException(path, $"is not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Parses a text completely.</summary>
    /// <exception cref="JsonException">It is no JSON, or one of its texts is no Unicode.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> utf8)
    {
        using var document = JsonDocument.Parse(utf8);
        try
        {
            Visit(document.RootElement);
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException(exception.Message, exception);
        }

        return document.RootElement.Clone();
    }

    // Texts are decoded lazily: one that is no Unicode only shows when it is looked at.
    private static void Visit(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Visit(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    Visit(member.Value);
                }

                break;
        }
    }

    /// <summary>The member of an object, or null if it is missing or null.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>The text of a member, or null if it is missing or no text.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>Whether a value says anything: nulls, false, 0 and empty texts, lists and objects don't.</summary>
    public static bool IsSet(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Number => value.GetDouble() != 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    /// <summary>The truth value of a member, or null if it is missing or none.</summary>
    public static bool? Flag(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;
}
