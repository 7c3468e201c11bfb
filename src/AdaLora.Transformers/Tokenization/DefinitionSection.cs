using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Refuses parts of tokenizer.json that say something which is not supported.</summary>
internal static class DefinitionSection
{
    /// <summary>Refuses a part that sets anything other than what is supported; nulls, false, 0 and empty strings set nothing.</summary>
    /// <exception cref="CheckpointException">Another member is set.</exception>
    public static void RequireOnly(this JsonElement section, string source, string name, params ReadOnlySpan<string> followed)
    {
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

    private static string Shortened(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
