using System.Globalization;
using System.Security.Cryptography;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>
/// Checkpoints in a folder: safetensors files whose names tell how many batches were trained on and the checksum of the content. A file gets its name only when it is complete and on the disk.
/// </summary>
/// <param name="folder">Made when the first file is written.</param>
/// <param name="create">Makes the stream of a path; a file when null.</param>
internal sealed class CheckpointStore(string folder, Func<string, Stream>? create = null)
{
    private const string Prefix = "checkpoint-";
    private const string Extension = ".safetensors";
    private const int ChecksumDigits = 32;

    /// <summary>The files, the newest first: by batches, then by time of writing.</summary>
    public IReadOnlyList<string> NewestFirst => !Directory.Exists(folder)
        ? []
        : [.. Directory.GetFiles(folder, $"{Prefix}*{Extension}").OrderByDescending(BatchesOf).ThenByDescending(File.GetLastWriteTimeUtc)];

    /// <summary>The number in a file's name; -1 if there is none.</summary>
    public static long BatchesOf(string path)
    {
        var parts = Path.GetFileNameWithoutExtension(path).Split('-');
        return parts.Length == 3 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var batches) ? batches : -1;
    }

    /// <summary>Writes a checkpoint; those that are there stay.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written. Nothing is left of it.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public string Write(long batches, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        AtomicFile.MakeFolder(folder);
        // Whoever was killed while writing could not clean up.
        AtomicFile.Sweep(folder);
        return AtomicFile.Write(
            folder,
            stream => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{batches:D9}-{WriteContent(stream, tensors, metadata)}{Extension}")),
            create);
    }

    /// <summary>Reads a checkpoint after checking that it is complete and unaltered.</summary>
    /// <returns>The tensors, which the caller owns, and the texts.</returns>
    /// <exception cref="InvalidDataException">It is torn or altered.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static (Dictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            var tensors = file.ReadAll();
            // Of what was read: another process may exchange the file at any moment.
            var found = Digits(file.HashOf(tensors));
            if (Path.GetFileNameWithoutExtension(path).EndsWith("-" + found, StringComparison.Ordinal))
                return (tensors, file.Metadata);
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            throw new InvalidDataException($"'{path}' is torn or was altered: its checksum is {found}, not the one in its name.");
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"'{path}' is torn or was altered: {e.Message}", e);
        }
    }

    /// <summary>Deletes all but the newest few and the one of the best evaluation.</summary>
    /// <param name="keep">How many of the newest are kept.</param>
    /// <param name="best">Batches of the one that is kept besides, or null.</param>
    public void Prune(int keep, long? best)
    {
        foreach (var path in NewestFirst.Skip(keep).Where(p => BatchesOf(p) != best))
            File.Delete(path);
    }

    /// <returns>The checksum.</returns>
    private static string WriteContent(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using var hash = SHA256.Create();
        using (var hashing = new CryptoStream(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
            SafetensorsWriter.WriteTo(hashing, tensors, metadata);
        return Digits(hash.Hash!);
    }

    private static string Digits(byte[] hash) => Convert.ToHexString(hash)[..ChecksumDigits];
}
