using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Glue.Tests;

/// <summary>Adapters on disk with chosen singular values: P and Q hold unit vectors.</summary>
internal static class SavedAdapters
{
    public const int InitialRank = 4;

    /// <param name="folder">Created if necessary.</param>
    /// <param name="lambdas">The kept lambdas by module; alpha makes the scale nearly 1.</param>
    public static void Write(string folder, IReadOnlyDictionary<string, double[]> lambdas)
    {
        using var scope = NewDisposeScope();
        _ = Directory.CreateDirectory(folder);
        var pattern = new JsonObject(lambdas.Select(entry => KeyValuePair.Create(
            entry.Key + ".lora_E", (JsonNode?)new JsonArray([.. Enumerable.Range(0, InitialRank).Select(i => (JsonNode)(i < entry.Value.Length))]))));
        var config = new JsonObject { ["peft_type"] = "ADALORA", ["init_r"] = InitialRank, ["lora_alpha"] = InitialRank + 1e-5, ["rank_pattern"] = pattern };
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config.ToJsonString());
        var tensors = new Dictionary<string, Tensor> { ["base_model.model.classifier.bias"] = zeros(2) };
        foreach (var (name, values) in lambdas)
        {
            tensors[$"base_model.model.{name}.lora_A"] = eye(values.Length, 6, dtype: ScalarType.Float64);
            tensors[$"base_model.model.{name}.lora_E"] = tensor(values, dtype: ScalarType.Float64).view(values.Length, 1);
            tensors[$"base_model.model.{name}.lora_B"] = eye(5, values.Length, dtype: ScalarType.Float64);
        }

        SafetensorsWriter.Write(Path.Combine(folder, "adapter_model.safetensors"), tensors);
    }

    /// <summary>Two layers with a query each, of which one is pruned away, and a value.</summary>
    public static void Write(string folder) => Write(folder, new Dictionary<string, double[]>
    {
        ["bert.layer.0.query"] = [-2, 1],
        ["bert.layer.1.query"] = [],
        ["bert.layer.1.value"] = [3, 0.5, 0, 4],
    });
}
