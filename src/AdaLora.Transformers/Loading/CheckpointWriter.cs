using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Internals;
using AdaLora.Safetensors;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Loading;

/// <summary>Writes a model in the layout that <see cref="CheckpointFolder"/> reads.</summary>
internal static class CheckpointWriter
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(PretrainedModel model, ModelConfig config, IReadOnlyDictionary<string, JsonObject> beside, string folder, long maxShardBytes)
    {
        if (model.modules().OfType<SvdAdapter>().Any())
        {
            throw new InvalidOperationException(
                $"The model has adapters. Save them with {nameof(AdaLoraModel)}.{nameof(AdaLoraModel.Save)}, or merge them first with {nameof(AdaLoraModel.MergeAndDetach)}.");
        }

        var unsaved = model.modules().OfType<IUnsavedPart>().Select(part => part.Remover).Distinct(StringComparer.Ordinal).ToList();
        if (unsaved.Count > 0)
            throw new InvalidOperationException($"The model has a prompt or prefixes, which other readers do not support. Remove them with {string.Join(" and ", unsaved)} of its encoder first.");
        var json = config.ToJson();
        json["architectures"] = new JsonArray(model.GetName());
        var shards = WeightShards.Split(model.state_dict(), maxShardBytes);
        var writers = new Dictionary<string, Action<Stream>>(StringComparer.Ordinal) { [CheckpointFiles.Config] = TextOf(json) };
        foreach (var (name, content) in beside)
            writers[name] = TextOf(content);
        foreach (var (name, tensors) in shards)
            writers[name] = stream => SafetensorsWriter.WriteTo(stream, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        if (shards.Count > 1)
            writers[CheckpointFiles.Index] = TextOf(WeightShards.Index(shards));
        CheckpointFiles.Whole.Write(folder, writers);
        // Shards of what was there before belong to no index any more.
        foreach (var orphan in Directory.GetFiles(folder, WeightShards.Pattern).Where(file => !writers.ContainsKey(Path.GetFileName(file))))
            File.Delete(orphan);
    }

    private static Action<Stream> TextOf(JsonObject json)
    {
        var text = Encoding.UTF8.GetBytes(json.ToJsonString(Layout) + "\n");
        return stream => stream.Write(text);
    }

    public static void CopyTokenizer(string from, string to)
    {
        foreach (var name in CheckpointFiles.Tokenizer.Where(name => File.Exists(Path.Combine(from, name))))
            AtomicFile.Copy(Path.Combine(from, name), Path.Combine(to, name));
    }
}
