using System.Text.Json;
using System.Text.Json.Nodes;

namespace AdaLora.Transformers.Chat.Jinja;

/// <summary>JSON as values of templates.</summary>
internal static class JsonValues
{
    /// <exception cref="ChatTemplateException">A number is not a finite one.</exception>
    public static object? Of(JsonNode? node) => node switch
    {
        null => null,
        JsonArray array => array.Select(Of).ToList(),
        JsonObject mapping => Mapping(mapping),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => Number(node.ToJsonString()),
        },
    };

    public static Dictionary<string, object?> Mapping(JsonObject mapping)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in mapping)
            values[name] = Of(value);
        return values;
    }

    /// <summary>A message: what is null in it counts as absent, as in transformers.</summary>
    public static Dictionary<string, object?> Message(JsonObject message)
    {
        var values = Mapping(message);
        foreach (var name in values.Where(pair => pair.Value is null).Select(pair => pair.Key).ToList())
            values.Remove(name);
        return values;
    }

    private static object Number(string text)
    {
        if (long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var whole))
            return whole;
        return double.Parse(text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture);
    }
}
