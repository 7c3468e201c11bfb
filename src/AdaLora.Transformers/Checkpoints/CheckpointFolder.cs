using System.Text.Json;
using AdaLora.Serialization;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Checkpoints;

/// <summary>
/// A checkpoint in the layout of the Hugging Face hub, opened for reading: config.json beside model.safetensors, or beside model.safetensors.index.json and the shards it
/// names. No path in the index may lead out of the folder.
/// </summary>
public sealed class CheckpointFolder : IDisposable
{
    private const string ConfigName = "config.json";
    private const string WeightsName = "model.safetensors";
    private const string IndexName = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> _fileOfTensor = new(StringComparer.Ordinal);

    private CheckpointFolder(string path, JsonElement config)
    {
        Path = path;
        Config = config;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The content of config.json.</summary>
    public JsonElement Config { get; }

    /// <summary>The path of config.json.</summary>
    public string ConfigPath => System.IO.Path.Combine(Path, ConfigName);

    /// <summary>The names of all tensors, over all shards.</summary>
    public IReadOnlyCollection<string> TensorNames => _fileOfTensor.Keys;

    /// <summary>Opens a checkpoint and checks that all its files are there and whole.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>The open checkpoint; dispose it when the tensors have been read.</returns>
    /// <exception cref="ArgumentException"><paramref name="path"/> is null or empty.</exception>
    /// <exception cref="CheckpointException">The folder, its configuration or its weights are missing, or the index is broken or leads elsewhere.</exception>
    /// <exception cref="SafetensorsException">A weight file breaks the format.</exception>
    public static CheckpointFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new CheckpointException(path, "is no folder; give the folder that holds config.json and model.safetensors.");
        var config = JsonFile.ReadIfThere(System.IO.Path.Combine(path, ConfigName))
            ?? throw new CheckpointException(path, $"holds no {ConfigName}; it is no checkpoint folder, or an incomplete one.");
        var folder = new CheckpointFolder(path, config);
        try
        {
            folder.OpenWeights();
        }
        catch
        {
            folder.Dispose();
            throw;
        }
        return folder;
    }

    /// <summary>What the checkpoint says of a tensor: element type and shape.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>The entry.</returns>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    public SafetensorsEntry GetEntry(string name) => FileOf(name).Entries[name];

    /// <summary>Reads a tensor with the element type it is stored with.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>A new CPU tensor that the caller owns; it belongs to no dispose scope.</returns>
    /// <exception cref="KeyNotFoundException">There is no such tensor.</exception>
    /// <exception cref="SafetensorsException">The bytes can't be read.</exception>
    public Tensor Read(string name) => FileOf(name).Read(name);

    /// <summary>Closes the files. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        foreach (var file in _files.Values)
            file.Dispose();
    }

    private SafetensorsFile FileOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _fileOfTensor.TryGetValue(name, out var file) ? file : throw new KeyNotFoundException($"'{Path}' holds no tensor named '{name}'.");
    }

    private void OpenWeights()
    {
        if (Has(WeightsName))
        {
            var file = OpenFile(WeightsName);
            foreach (var name in file.Entries.Keys)
                _fileOfTensor.Add(name, file);
        }
        else if (JsonFile.ReadIfThere(System.IO.Path.Combine(Path, IndexName)) is { } index)
        {
            OpenShards(index);
        }
        else
        {
            throw new CheckpointException(Path, Directory.EnumerateFiles(Path, "pytorch_model*.bin").Any()
                ? $"holds its weights in PyTorch's pickle format only (pytorch_model.bin), which isn't read because loading it can run code: convert it to {WeightsName} with the Python package safetensors, or download the folder's safetensors revision."
                : $"holds no weights: neither {WeightsName} nor {IndexName} is there.");
        }
    }

    private void OpenShards(JsonElement index)
    {
        var indexPath = System.IO.Path.Combine(Path, IndexName);
        if (index.Member("weight_map") is not { ValueKind: JsonValueKind.Object } map)
            throw new CheckpointException(indexPath, "has no weight_map.");
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String || !IsPlainFileName(entry.Value.GetString()!))
                throw new CheckpointException(indexPath, $"puts the tensor '{entry.Name}' into {entry.Value.GetRawText()}, which is no file of this folder; such an index is not followed.");
            var shard = entry.Value.GetString()!;
            if (!Has(shard))
                throw new CheckpointException(Path, $"lacks the shard '{shard}' that {IndexName} names; download it too.");
            var file = OpenFile(shard);
            if (!file.Entries.ContainsKey(entry.Name))
                throw new CheckpointException(indexPath, $"puts the tensor '{entry.Name}' into '{shard}', which doesn't hold it.");
            _fileOfTensor[entry.Name] = file;
        }
    }

    private SafetensorsFile OpenFile(string name)
    {
        if (!_files.TryGetValue(name, out var file))
            _files.Add(name, file = SafetensorsFile.Open(System.IO.Path.Combine(Path, name)));
        return file;
    }

    private bool Has(string name) => File.Exists(System.IO.Path.Combine(Path, name));

    // Both separators on every system: a folder may have been made on another one.
    private static bool IsPlainFileName(string name) => name is not ("" or "." or "..") && name.IndexOfAny(['/', '\\', ':', '\0']) < 0;
}
