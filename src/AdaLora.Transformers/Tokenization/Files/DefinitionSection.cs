using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Refuses parts of tokenizer.json that say something which is not supported.</summary>
internal static class DefinitionSection
{
    /// <summary>Refuses a part that sets anything other than what is supported; nulls, false, 0 and empty strings set nothing.</summary>
    /// <exception cref="CheckpointException">Another member is set.</exception>
    public static void RequireOnly(this JsonElement section, string source, string name, params ReadOnlySpan<string> followed)
    {
        if (section.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(source, $"has {Shortened(section.GetRawText())} as its {name}, which is not an object.");
        foreach (var member in section.EnumerateObject())
        {
            if (!followed.Contains(member.Name) && member.Value.IsSet())
                throw new CheckpointException(source, $"sets '{member.Name}' of its {name} to {Shortened(member.Value.GetRawText())}, which is not supported.");
        }
    }

    /// <summary>The whole number that an element is; false for every other element.</summary>
    public static bool TryReadInt32(this JsonElement element, out int value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }

    /// <summary>The parts of a section: those of a sequence, sequences within it opened, or the only one, or none.</summary>
    /// <exception cref="CheckpointException">A sequence has no list of parts, or a part is none.</exception>
    public static IEnumerable<JsonElement> Parts(JsonElement? section, string name, string members, string source) => section switch
    {
        null => [],
        { ValueKind: not JsonValueKind.Object } other => throw new CheckpointException(source, $"has {Shortened(other.GetRawText())} as its {name}, which is not an object."),
        { } sequence when sequence.Text("type") == "Sequence" => sequence.Member(members) is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().SelectMany(part => Parts(part, name, members, source))
            : throw new CheckpointException(source, $"has a Sequence without {members} as its {name}."),
        { } part => [part],
    };

    /// <summary>A text as far as a message should repeat it.</summary>
    public static string Shortened(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
