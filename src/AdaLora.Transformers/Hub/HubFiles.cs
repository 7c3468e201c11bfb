using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Loading;

namespace AdaLora.Transformers.Hub;

/// <summary>Which files of a repository make a checkpoint that this package can use. Everything else is never downloaded.</summary>
internal static class HubFiles
{
    /// <summary>The files besides the weights, the required one first.</summary>
    public static IReadOnlyList<string> Small { get; } = [CheckpointFiles.Config, GenerationConfigFile.Name, .. CheckpointFiles.Tokenizer];

    /// <summary>What a snapshot lacks to be loaded; empty for a usable one.</summary>
    /// <exception cref="CheckpointException">The shard index is broken.</exception>
    public static IReadOnlyList<string> Lacking(Snapshot snapshot)
    {
        List<string> lacking = snapshot.Has(CheckpointFiles.Config) ? [] : [CheckpointFiles.Config];
        if (snapshot.Has(CheckpointFiles.Weights))
            return lacking;
        if (snapshot.Has(CheckpointFiles.Index))
            lacking.AddRange(ShardIndex.ReadIfThere(snapshot.Folder)!.Shards.Where(shard => !snapshot.Has(shard)));
        else
            lacking.Add(CheckpointFiles.Weights);
        return lacking;
    }

    /// <summary>
    /// Whether a snapshot is usable and nothing that its repository has is missing as far as results depend on it. Another tool may have fetched the weights alone, so a tokenizer
    /// counts only if it is present or known to be absent.
    /// </summary>
    public static bool IsSettled(Snapshot snapshot) =>
        Lacking(snapshot).Count == 0
        && snapshot.Settles(CheckpointFiles.TokenizerSettings)
        && (CheckpointFiles.Vocabularies.Any(files => files.All(snapshot.Has)) || CheckpointFiles.Vocabularies.All(files => files.Any(snapshot.LacksForGood)));

    /// <summary>The files of a shard index that may be downloaded.</summary>
    /// <exception cref="CheckpointException">The index names something other than safetensors files.</exception>
    public static IReadOnlyList<string> ShardsOf(Snapshot snapshot)
    {
        var index = ShardIndex.ReadIfThere(snapshot.Folder)!;
        return index.Shards.FirstOrDefault(shard => !shard.EndsWith(".safetensors", StringComparison.Ordinal)) is { } other
            ? throw new CheckpointException(index.Path, $"names the file '{other}', which is not a safetensors file; such an index is not supported.")
            : index.Shards;
    }
}
