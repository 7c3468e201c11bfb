using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

/// <summary>Writes adapters of any content, without a model and without the code that saves them.</summary>
internal sealed class SavedByHand(string folder)
{
    private readonly Dictionary<string, Tensor> _tensors = new(StringComparer.Ordinal);

    public JsonObject Config { get; } = new() { ["peft_type"] = "ADALORA", ["init_r"] = 4, ["lora_alpha"] = 6 };

    public SavedByHand With(string name, Tensor value)
    {
        _tensors["base_model.model." + name] = value;
        return this;
    }

    public SavedByHand With(string module, Tensor left, Tensor lambda, Tensor right) =>
        With(module + ".lora_B", left).With(module + ".lora_E", lambda).With(module + ".lora_A", right);

    public void Write()
    {
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), Config.ToJsonString());
        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), _tensors);
    }
}
