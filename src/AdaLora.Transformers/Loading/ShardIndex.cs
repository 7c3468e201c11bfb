using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Loading;

/// <summary>model.safetensors.index.json: which file holds which tensor.</summary>
internal sealed class ShardIndex
{
    private ShardIndex(string path, IReadOnlyDictionary<string, string> shardOfTensor)
    {
        Path = path;
        ShardOfTensor = shardOfTensor;
    }

    public string Path { get; }

    /// <summary>The file of every tensor: plain file names, none of which leads out of the folder.</summary>
    public IReadOnlyDictionary<string, string> ShardOfTensor { get; }

    /// <summary>The files, each once, in ordinal order.</summary>
    public IReadOnlyList<string> Shards => [.. ShardOfTensor.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>The index of a folder, or null if there is none.</summary>
    /// <exception cref="CheckpointException">The index is broken or leads out of the folder.</exception>
    public static ShardIndex? ReadIfThere(string folder)
    {
        var path = CheckpointFiles.Whole.Find(folder, CheckpointFiles.Index);
        if (JsonFile.ReadIfThere(path) is not { } index)
            return null;
        if (index.Member("weight_map") is not { ValueKind: JsonValueKind.Object } map)
            throw new CheckpointException(path, "has no weight_map.");
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String || !CheckpointFiles.IsPlainName(entry.Value.GetString()!))
                throw new CheckpointException(path, $"puts the tensor '{entry.Name}' into {entry.Value.GetRawText()}, which is not a file in this folder; such an index is not supported.");
            shards[entry.Name] = entry.Value.GetString()!;
        }
        return new ShardIndex(path, shards);
    }
}
