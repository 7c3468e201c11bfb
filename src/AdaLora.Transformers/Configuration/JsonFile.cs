using System.Text.Json;
using AdaLora.Internals;

namespace AdaLora.Transformers.Configuration;

/// <summary>JSON files of a checkpoint folder, with faults reported as <see cref="CheckpointException"/>.</summary>
internal static class JsonFile
{
    /// <summary>The object in a file, or null if there is no such file.</summary>
    /// <exception cref="CheckpointException">The file is not a JSON object.</exception>
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
    /// <exception cref="JsonException">The text is not JSON, or one of its strings is not valid Unicode.</exception>
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

    // Strings are decoded lazily: invalid Unicode only shows when a string is read.
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

    /// <summary>The string value of a member, or null if it is missing or not a string.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>Whether a value says anything: nulls, false, 0 and empty strings, lists and objects don't.</summary>
    public static bool IsSet(this JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Number => value.GetDouble() != 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    /// <summary>The boolean value of a member, or null if it is missing or not a boolean.</summary>
    public static bool? Flag(this JsonElement element, string name) =>
        element.Member(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;
}
