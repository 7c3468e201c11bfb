using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace AdaLora.Transformers.Configuration;

/// <summary>
/// config.json as the Python library reads it: class names may be numbers, num_labels stands for unnamed classes, and some entries have two names.
/// </summary>
internal static class ConfigDocument
{
    private const string ClassNames = "id2label";
    private const string ClassCount = "num_labels";

    /// <summary>More classes than any real file has: their names are created before the weights can be checked.</summary>
    private const int MostClasses = 1 << 16;

    /// <param name="config">What the file holds.</param>
    /// <param name="otherNames">For entries that may have another name, the family's own name, by that other name.</param>
    /// <param name="faults">Receives the faults.</param>
    public static JsonElement Normalize(JsonElement config, IReadOnlyDictionary<string, string> otherNames, ConfigFaults faults)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var entry in config.EnumerateObject())
            {
                // Null under one of two names says nothing about the other.
                var isNull = entry.Value.ValueKind == JsonValueKind.Null;
                if (entry.Name is ClassNames or ClassCount || (isNull && otherNames.Any(pair => entry.Name == pair.Key || entry.Name == pair.Value)))
                    continue;
                if (!otherNames.TryGetValue(entry.Name, out var name))
                    entry.WriteTo(writer);
                else if (config.Member(name) is not { } own)
                    Write(writer, name, entry.Value);
                else
                    faults.Require(own.GetRawText() == entry.Value.GetRawText(), $"{name} is {own.GetRawText()}, but {entry.Name}, which means the same, is {entry.Value.GetRawText()}");
            }

            WriteClasses(writer, config, faults);
            writer.WriteEndObject();
        }

        return JsonFile.Parse(buffer.WrittenMemory);
    }

    private static void WriteClasses(Utf8JsonWriter writer, JsonElement config, ConfigFaults faults)
    {
        var names = config.Member(ClassNames);
        if (names is { ValueKind: JsonValueKind.Object } table && table.EnumerateObject().Any())
        {
            writer.WriteStartObject(ClassNames);
            foreach (var entry in table.EnumerateObject())
            {
                var isName = entry.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number;
                faults.Require(isName && int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out _),
                    $"id2label has the entry '{entry.Name}': {entry.Value.GetRawText()}, which does not map the number of a class to its name");
                writer.WriteString(entry.Name, isName ? entry.Value.ToString() : string.Empty);
            }
            writer.WriteEndObject();
        }
        else if (names is { ValueKind: not JsonValueKind.Object })
        {
            faults.Require(false, $"id2label is {names.Value.GetRawText()}, not an object of names");
        }

        if (config.Member(ClassCount) is not { } count)
            return;
        var named = names is { ValueKind: JsonValueKind.Object } known ? known.EnumerateObject().Count() : 0;
        if (count.ValueKind != JsonValueKind.Number || !count.TryGetInt32(out var classes) || classes is < 1 or > MostClasses)
            faults.Require(false, $"num_labels is {count.GetRawText()}; it must be a number from 1 to {MostClasses}");
        else if (named > 0)
            faults.Require(named == classes, $"num_labels is {classes}, but id2label names {named} classes");
        else
            WriteUnnamed(writer, classes);
    }

    private static void WriteUnnamed(Utf8JsonWriter writer, int classes)
    {
        writer.WriteStartObject(ClassNames);
        for (var label = 0; label < classes; label++)
            writer.WriteString(label.ToString(CultureInfo.InvariantCulture), $"LABEL_{label}");
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        value.WriteTo(writer);
    }
}
