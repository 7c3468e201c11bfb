using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Injection;

namespace AdaLora.Peft;

/// <summary>A configuration being written: fields in ordinal order, with what was read kept as it was unless its meaning has changed.</summary>
internal sealed class ConfigText(JsonObject? before)
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _fields = (JsonObject?)before?.DeepClone() ?? [];

    /// <summary>Sets a field. Equal numbers keep their spelling: 0.0 does not become 0.</summary>
    public void Set(string name, JsonNode? value)
    {
        var isSame = _fields.TryGetPropertyValue(name, out var present)
            && (JsonNode.DeepEquals(present, value) || (Number(present) is { } a && Number(value) is { } b && a == b));
        if (!isSame)
            _fields[name] = value;
    }

    public void Remove(string name) => _fields.Remove(name);

    /// <summary>Sets what all kinds of adapters share: the modules trained in full and the biases.</summary>
    public void SetShared(AdapterDescription adapter, SavedConfig? origin)
    {
        if (origin is not null)
            return;
        var trained = adapter.TrainedModules;
        Set("modules_to_save", trained.Count == 0 ? null : new JsonArray([.. trained.Select(n => (JsonNode)n)]));
        Set("bias", adapter.Biases switch { BiasTraining.All => "all", BiasTraining.Adapted => "lora_only", _ => "none" });
        if (adapter.TrainedRows.Count > 0)
        {
            Set(SavedRows.Field, new JsonObject(adapter.TrainedRows.OrderBy(t => t.Key, StringComparer.Ordinal)
                .Select(t => KeyValuePair.Create(t.Key, (JsonNode?)new JsonArray([.. t.Value.Select(row => (JsonNode)row)])))));
        }

        // PEFT would untie them, and change only one where both were trained here.
        if (adapter.HasTiedTrainedModules())
            Set(SavedConfig.TiedField, true);
        Set("base_model_name_or_path", null);
        Set("task_type", null);
    }

    /// <summary>The same bytes on every platform.</summary>
    public byte[] ToBytes()
    {
        var ordered = new JsonObject(_fields.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        return Encoding.UTF8.GetBytes(ordered.ToJsonString(Layout).ReplaceLineEndings("\n"));
    }

    private static double? Number(JsonNode? node) =>
        node is JsonValue && node.GetValueKind() == JsonValueKind.Number && double.TryParse(node.ToJsonString(), CultureInfo.InvariantCulture, out var number) ? number : null;
}
