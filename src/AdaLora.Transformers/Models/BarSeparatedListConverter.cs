using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdaLora.Transformers.Models;

/// <summary>Reads a list of words that is stored as a JSON list or as one text with bars between the words; writes a list.</summary>
internal sealed class BarSeparatedListConverter : JsonConverter<IReadOnlyList<string>>
{
    public override IReadOnlyList<string>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String
            ? reader.GetString()!.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            : JsonSerializer.Deserialize<string[]>(ref reader, options);

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.ToArray(), options);
}
