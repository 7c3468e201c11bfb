using System.Text.Json;
using AdaLora.Safetensors;
using AdaLora.Transformers.Configuration;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>
/// A checkpoint in the layout of the Hugging Face hub, opened for reading: config.json beside model.safetensors, or beside model.safetensors.index.json and the shards it
/// names. No path in the index may lead out of the folder.
/// </summary>
public sealed class CheckpointFolder : IDisposable
{
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
    public string ConfigPath => CheckpointFiles.Whole.Find(Path, CheckpointFiles.Config);

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
        {
            throw new CheckpointException(path,
                "is not a directory; give the folder that holds config.json and model.safetensors. For a name on the hub, HubCheckpoint.ResolveAsync returns that folder.");
        }

        var config = JsonFile.ReadIfThere(CheckpointFiles.Whole.Find(path, CheckpointFiles.Config))
            ?? throw new CheckpointException(path, $"holds no {CheckpointFiles.Config}; it is not a checkpoint folder, or it is incomplete.");
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

    /// <summary>What the checkpoint says about a tensor: element type and shape.</summary>
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

    /// <summary>
    /// Whether a tensor is stored and differs from another, which is given by the end of its name. As in the reference, a stored output matrix that differs from the embeddings is not tied
    /// to them, whatever the configuration says. Most files don't store a tied one.
    /// </summary>
    internal bool HoldsOther(string name, string otherEnding)
    {
        if (!_fileOfTensor.ContainsKey(name) || TensorNames.FirstOrDefault(stored => stored.EndsWith(otherEnding, StringComparison.Ordinal)) is not { } other)
            return false;
        using var scope = NewDisposeScope();
        using var own = Read(name);
        using var theirs = Read(other);
#pragma warning disable RS0030 // Both were just read into the host's memory.
        return !own.shape.AsSpan().SequenceEqual(theirs.shape) || own.dtype != theirs.dtype || !own.bytes.SequenceEqual(theirs.bytes);
#pragma warning restore RS0030
    }

    internal void ReadInto(string name, Tensor target) => FileOf(name).ReadInto(name, target);

    /// <summary>Makes a stored tensor's part of the file the memory of <paramref name="target"/>, which has its shape and element type.</summary>
    internal void MapInto(string name, Tensor target)
    {
        using var noGrad = no_grad();
        using var mapped = FileOf(name).Map(name);
        _ = target.set_(mapped);
    }

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
        if (!CheckpointFiles.Whole.IsPending(Path, CheckpointFiles.Index) && Has(CheckpointFiles.Weights))
        {
            var file = OpenFile(CheckpointFiles.Weights);
            foreach (var name in file.Entries.Keys)
                _fileOfTensor.Add(name, file);
        }
        else if (ShardIndex.ReadIfThere(Path) is { } index)
        {
            OpenShards(index);
        }
        else
        {
            throw new CheckpointException(Path, CheckpointFiles.NoWeights(Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file))));
        }
    }

    private void OpenShards(ShardIndex index)
    {
        foreach (var (tensor, shard) in index.ShardOfTensor)
        {
            if (!Has(shard))
                throw new CheckpointException(Path, $"lacks the shard '{shard}' that {CheckpointFiles.Index} names; download it too.");
            var file = OpenFile(shard);
            if (!file.Entries.ContainsKey(tensor))
                throw new CheckpointException(index.Path, $"puts the tensor '{tensor}' into '{shard}', which does not hold it.");
            _fileOfTensor[tensor] = file;
        }
    }

    private SafetensorsFile OpenFile(string name)
    {
        if (!_files.TryGetValue(name, out var file))
            _files.Add(name, file = SafetensorsFile.Open(Find(name)));
        return file;
    }

    private bool Has(string name) => File.Exists(Find(name));

    private string Find(string name) => CheckpointFiles.Whole.Find(Path, name);
}
