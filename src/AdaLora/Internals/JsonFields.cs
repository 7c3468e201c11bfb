using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Internals;

/// <summary>Reads fields of a JSON object that may be absent or null, and collects those of the wrong kind.</summary>
internal sealed class JsonFields(JsonObject json)
{
    private readonly List<string> _problems = [];

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Parses an object; each name may occur only once.</summary>
    /// <exception cref="InvalidDataException">The text is not such an object.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8, string path)
    {
        try
        {
            var parsed = JsonNode.Parse(utf8) as JsonObject ?? throw new InvalidDataException($"'{path}' is not a JSON object.");
            Visit(parsed);
            return parsed;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    public bool IsPresent(string name) => json[name] is not null;

    public T Get<T>(string name, T fallback, string kind)
    {
        if (json[name] is not { } node)
            return fallback;
        if (node is JsonValue value && value.TryGetValue<T>(out var found))
            return found;
        _problems.Add($"'{name}' is {node.ToJsonString()}; it must be {kind}");
        return fallback;
    }

    public int Integer(string name, int fallback) => Get(name, fallback, "a whole number");

    public double Number(string name, double fallback) => Get(name, fallback, "a number");

    public string? Text(string name) => Get<string?>(name, null, "a string");

    /// <summary>A list of texts, or a single one; null if absent.</summary>
    public IReadOnlyList<string>? Texts(string name)
    {
        switch (json[name])
        {
            case null:
                return null;
            case JsonArray array when array.All(n => n is JsonValue v && v.TryGetValue<string>(out _)):
                return [.. array.Select(n => n!.GetValue<string>())];
            case JsonValue value when value.TryGetValue<string>(out var single):
                return [single];
            default:
                _problems.Add($"'{name}' is {json[name]!.ToJsonString()}; it must be a list of strings");
                return null;
        }
    }

    public bool IsList(string name) => json[name] is JsonArray;

    /// <summary>A list of whole numbers; null if absent.</summary>
    public IReadOnlyList<long>? WholeNumbers(string name)
    {
        if (json[name] is null)
            return null;
        var numbers = ToWholeNumbers(json[name]);
        if (numbers is null)
            _problems.Add($"'{name}' is {json[name]!.ToJsonString()}; it must be a list of whole numbers");
        return numbers;
    }

    /// <summary>A node as a list of whole numbers; null if it is something else.</summary>
    public static IReadOnlyList<long>? ToWholeNumbers(JsonNode? node) =>
        node is JsonArray array && array.All(n => n is JsonValue value && value.TryGetValue<long>(out _)) ? [.. array.Select(n => n!.GetValue<long>())] : null;

    /// <summary>An object whose values are all of one kind, in file order; null if absent.</summary>
    public IReadOnlyList<KeyValuePair<string, T>>? Map<T>(string name, Func<JsonNode?, T?> read, string kind)
        where T : class
    {
        if (json[name] is not { } node)
            return null;
        var pairs = (node as JsonObject)?.Select(p => KeyValuePair.Create(p.Key, read(p.Value))).ToList();
        if (pairs is not null && pairs.All(p => p.Value is not null))
            return [.. pairs.Select(p => KeyValuePair.Create(p.Key, p.Value!))];
        _problems.Add($"'{name}' does not hold {kind} for each module");
        return null;
    }

    // Nodes are created on first use, and only then is a duplicate name noticed.
    // Values are read lazily: duplicate names and texts that are not valid Unicode only show up when they are accessed.
    private static void Visit(JsonNode? node)
    {
        if (node is JsonValue value && value.GetValueKind() == JsonValueKind.String)
            _ = value.GetValue<string>();
        IEnumerable<JsonNode?> children = node switch { JsonObject map => map.Select(p => p.Value), JsonArray array => array, _ => [] };
        foreach (var child in children)
            Visit(child);
    }
}
