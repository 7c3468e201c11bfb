using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace AdaLora.Serialization;

/// <summary>An adapter in the layout of PEFT: adapter_config.json and adapter_model.safetensors. Knows files and names, nothing of modules.</summary>
internal static class PeftFolder
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes both files beside their places, then moves them there, the configuration last: it never describes weights that are not there yet.</summary>
    public static void Write(string folder, JsonObject config, IReadOnlyDictionary<string, Tensor> tensors)
    {
        Directory.CreateDirectory(folder);
        var target = Path.Combine(folder, ConfigFile);
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(JsonSerializer.SerializeToUtf8Bytes(config, Layout));
                stream.Flush(flushToDisk: true);
            }

            SafetensorsWriter.Write(
                Path.Combine(folder, WeightsFile),
                tensors.ToDictionary(t => Prefix + t.Key, t => t.Value, StringComparer.Ordinal),
                new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
            File.Move(temporary, target, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Reads the configuration.</summary>
    /// <exception cref="InvalidDataException">It is missing, no JSON object, or not that of an AdaLoRA adapter.</exception>
    public static JsonObject ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"'{folder}' holds no adapter: there is no {ConfigFile}.");
        try
        {
            var config = JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new InvalidDataException($"'{path}' is no JSON object.");
            var kind = config["peft_type"]?.GetValue<string>();
            return kind == "ADALORA" ? config : throw new InvalidDataException($"'{path}' describes an adapter of type '{kind}'; only ADALORA can be loaded.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"'{path}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads all tensors under the names that they have in the model. The caller disposes them.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or a name is not that of an adapter.</exception>
    /// <exception cref="SafetensorsException">The file breaks the format.</exception>
    public static Dictionary<string, Tensor> ReadTensors(string folder)
    {
        var path = Path.Combine(folder, WeightsFile);
        if (!File.Exists(path))
            throw new InvalidDataException($"'{folder}' holds no weights: there is no {WeightsFile}.");
        using var file = SafetensorsFile.Open(path);
        var foreign = file.Entries.Keys.Where(k => !k.StartsWith(Prefix, StringComparison.Ordinal)).ToList();
        if (foreign.Count > 0)
            throw new InvalidDataException($"'{path}' holds tensors that belong to no adapter: {string.Join(", ", foreign)}.");
        return file.Entries.Keys.ToDictionary(k => k[Prefix.Length..], k => file.Read(k), StringComparer.Ordinal);
    }
}
