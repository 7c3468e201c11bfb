using System.Text.Json;
using System.Text.Json.Serialization;

namespace AdaLora.Experiments.Reports;

/// <summary>JSON has no NaN and no infinity: a loss that diverged is written as null and read back as NaN.</summary>
internal sealed class FiniteNumberJsonConverter : JsonConverter<double>
{
    public override bool HandleNull => true;

    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
            writer.WriteNumberValue(value);
        else
            writer.WriteNullValue();
    }
}
