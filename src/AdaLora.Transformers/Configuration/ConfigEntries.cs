using System.Text.Json;

namespace AdaLora.Transformers.Configuration;

/// <summary>
/// Reads the entries of a config.json, each once, and collects those of the wrong kind. Written by hand, because reflection is off in programs that are trimmed, compiled ahead of time, or a
/// single file, and generated code cannot set properties that are only initialised.
/// </summary>
/// <param name="json">The object.</param>
/// <param name="faults">Receives what cannot be read.</param>
/// <param name="within">What comes before the names of entries in messages.</param>
internal sealed class ConfigEntries(JsonElement json, ConfigFaults faults, string within = "")
{
    private readonly HashSet<string> _read = ["model_type"];

    /// <summary>A file without entries.</summary>
    public static ConfigEntries None { get; } = new(JsonFile.Parse("{}"u8.ToArray()), new ConfigFaults());

    public int Integer(string name, int fallback) => Read(name, fallback, "a whole number", value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null);

    /// <summary>A whole number; null if the entry is null.</summary>
    public int? Integer(string name, int? fallback) => IsNull(name) ? null : TryFind(name, out _) ? Integer(name, 0) : fallback;

    public double Number(string name, double fallback) => Read(name, fallback, "a number", value => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : null);

    /// <summary>A number; null if the entry is null.</summary>
    public double? Number(string name, double? fallback) => IsNull(name) ? null : TryFind(name, out _) ? Number(name, 0) : fallback;

    public bool Flag(string name, bool fallback) =>
        Read(name, fallback, "true or false", value => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null);

    public string Text(string name, string fallback) => ReadObject(name, fallback, "a string", value => value.ValueKind == JsonValueKind.String ? value.GetString() : null);

    /// <summary>A string; null if there is no such entry, or it is null.</summary>
    public string? OptionalText(string name) => IsNull(name) || !TryFind(name, out _) ? null : Text(name, "");

    /// <summary>Words that are stored as a list or as one string separated by bars; null if there is no such entry, or it is null.</summary>
    public IReadOnlyList<string>? Words(string name) => IsNull(name) ? null : ReadObject<IReadOnlyList<string>?>(name, null, "a list of strings", value => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        JsonValueKind.Array when value.EnumerateArray().All(IsText) => [.. value.EnumerateArray().Select(word => word.GetString()!)],
        _ => null,
    });

    /// <summary>The entries of an object; null if there is no such entry, or it is null.</summary>
    public ConfigEntries? Object(string name) => ReadObject<ConfigEntries?>(name, null, "an object",
        value => value.ValueKind == JsonValueKind.Object ? new ConfigEntries(value, faults, $"{within}{name}.") : null);

    /// <summary>A list of numbers; null if there is no such entry, or it is null.</summary>
    public IReadOnlyList<double>? Numbers(string name) => ReadObject<IReadOnlyList<double>?>(name, null, "a list of numbers", value =>
        value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number)
            ? [.. value.EnumerateArray().Select(item => item.GetDouble())]
            : null);

    /// <summary>Whole numbers that are stored as a list, or a single one; none if the entry is null.</summary>
    public IReadOnlyList<int> Integers(string name, IReadOnlyList<int> fallback) => IsNull(name) ? [] : ReadObject(name, fallback, "a whole number or a list of them", value => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetInt32(out var number) => (IReadOnlyList<int>)[number],
        JsonValueKind.Array when value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out _)) => [.. value.EnumerateArray().Select(item => item.GetInt32())],
        _ => null,
    });

    /// <summary>Strings by name; null if there is no such entry, or it is null.</summary>
    public IReadOnlyDictionary<string, string>? Texts(string name) => IsNull(name) ? null : ReadObject<IReadOnlyDictionary<string, string>?>(name, null, "an object of strings", value =>
        value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(member => IsText(member.Value))
            ? value.EnumerateObject().DistinctBy(member => member.Name).ToDictionary(member => member.Name, member => member.Value.GetString()!, StringComparer.Ordinal)
            : null);

    /// <summary>The entries that were not read; null if there are none.</summary>
    public IDictionary<string, JsonElement>? Rest()
    {
        var rest = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject().Where(member => !_read.Contains(member.Name)))
            rest[member.Name] = member.Value;
        return rest.Count == 0 ? null : rest;
    }

    /// <summary>Refuses entries that were not read and say something.</summary>
    public void RefuseRest()
    {
        foreach (var (name, value) in Rest() ?? new Dictionary<string, JsonElement>())
            faults.Require(value.ValueKind == JsonValueKind.Null, $"{within}{name} is {value.GetRawText()}, which is not supported");
    }

    /// <summary>Adds a fault unless a condition holds.</summary>
    public void Require(bool condition, string fault) => faults.Require(condition, within + fault);

    private static bool IsText(JsonElement value) => value.ValueKind == JsonValueKind.String;

    // A null counts as missing, except where null is a value of its own.
    private bool TryFind(string name, out JsonElement value)
    {
        _ = _read.Add(name);
        return json.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private bool IsNull(string name) => !TryFind(name, out var value) && value.ValueKind == JsonValueKind.Null;

    private T Read<T>(string name, T fallback, string kind, Func<JsonElement, T?> parse)
        where T : struct => !TryFind(name, out var value) ? fallback : parse(value) ?? Refuse(name, value, kind, fallback);

    private T ReadObject<T>(string name, T fallback, string kind, Func<JsonElement, T?> parse)
        where T : class? => !TryFind(name, out var value) ? fallback : parse(value) ?? Refuse(name, value, kind, fallback);

    private T Refuse<T>(string name, JsonElement value, string kind, T fallback)
    {
        var text = value.GetRawText();
        faults.Require(false, $"{within}{name} is {(text.Length > 40 ? text[..40] + "…" : text)}; it must be {kind}");
        return fallback;
    }
}
