using System.Globalization;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>Deals tensors out to the files of a checkpoint, in their order, as the reference does.</summary>
internal static class WeightShards
{
    /// <summary>What names of shards look like.</summary>
    public const string Pattern = "model-?????-of-?????.safetensors";

    /// <param name="tensors">All tensors.</param>
    /// <param name="maxBytes">The greatest size of a file's tensors.</param>
    /// <returns>The tensors of each file, by the file's name.</returns>
    public static IReadOnlyList<(string Name, IReadOnlyDictionary<string, Tensor> Tensors)> Split(IEnumerable<KeyValuePair<string, Tensor>> tensors, long maxBytes)
    {
        var shards = new List<Dictionary<string, Tensor>> { new(StringComparer.Ordinal) };
        var used = 0L;
        foreach (var (name, tensor) in tensors)
        {
            var bytes = BytesOf(tensor);
            if (used > 0 && bytes > maxBytes - used)
            {
                shards.Add(new(StringComparer.Ordinal));
                used = 0;
            }

            shards[^1].Add(name, tensor);
            used += bytes;
        }

        return [.. shards.Select((shard, number) => (shards.Count == 1
            ? CheckpointFiles.Weights
            : string.Create(CultureInfo.InvariantCulture, $"model-{number + 1:00000}-of-{shards.Count:00000}.safetensors"), (IReadOnlyDictionary<string, Tensor>)shard))];
    }

    /// <summary>The content of the index.</summary>
    public static JsonObject Index(IReadOnlyList<(string Name, IReadOnlyDictionary<string, Tensor> Tensors)> shards)
    {
        var files = shards.SelectMany(shard => shard.Tensors.Keys.Select(tensor => (Tensor: tensor, shard.Name))).OrderBy(pair => pair.Tensor, StringComparer.Ordinal);
        var all = shards.SelectMany(shard => shard.Tensors.Values).ToList();
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["total_parameters"] = all.Sum(tensor => tensor.numel()), ["total_size"] = all.Sum(BytesOf) },
            ["weight_map"] = new JsonObject(files.Select(pair => KeyValuePair.Create(pair.Tensor, (JsonNode?)pair.Name))),
        };
    }

    private static long BytesOf(Tensor tensor) => tensor.numel() * tensor.element_size();
}
