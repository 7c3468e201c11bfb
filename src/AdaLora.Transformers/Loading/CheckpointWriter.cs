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

    public static void Write(PretrainedModel model, ModelConfig config, string folder)
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
        var text = Encoding.UTF8.GetBytes(json.ToJsonString(Layout) + "\n");
        CheckpointFiles.Whole.Write(folder, new Dictionary<string, Action<Stream>>(StringComparer.Ordinal)
        {
            [CheckpointFiles.Weights] = stream => SafetensorsWriter.WriteTo(stream, model.state_dict(), new Dictionary<string, string> { ["format"] = "pt" }),
            [CheckpointFiles.Config] = stream => stream.Write(text),
        });
    }

    public static void CopyTokenizer(string from, string to)
    {
        foreach (var name in CheckpointFiles.Tokenizer.Where(name => File.Exists(Path.Combine(from, name))))
            AtomicFile.Copy(Path.Combine(from, name), Path.Combine(to, name));
    }
}
