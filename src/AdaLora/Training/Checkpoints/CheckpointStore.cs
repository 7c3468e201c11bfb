using System.Globalization;
using System.Security.Cryptography;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>
/// Checkpoints in a folder: safetensors files named after the number of batches trained on and the checksum of the content. A file gets its name only once it is complete and on disk.
/// </summary>
/// <param name="folder">Created when the first file is written.</param>
/// <param name="create">Opens the stream for a path; null for a file.</param>
internal sealed class CheckpointStore(string folder, Func<string, Stream>? create = null)
{
    private const string Prefix = "checkpoint-";
    private const string Extension = ".safetensors";
    private const int ChecksumDigits = 32;

    /// <summary>The files, newest first: by batches, then by write time.</summary>
    public IReadOnlyList<string> NewestFirst => !Directory.Exists(folder)
        ? []
        : [.. Directory.GetFiles(folder, $"{Prefix}*{Extension}").OrderByDescending(BatchesOf).ThenByDescending(File.GetLastWriteTimeUtc)];

    /// <summary>The number in a file's name; -1 if it has none.</summary>
    public static long BatchesOf(string path)
    {
        var parts = Path.GetFileNameWithoutExtension(path).Split('-');
        return parts.Length == 3 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var batches) ? batches : -1;
    }

    /// <summary>Writes a checkpoint; existing ones are kept.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">It cannot be written; no partial file remains.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder is not permitted.</exception>
    public string Write(long batches, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        AtomicFile.MakeFolder(folder);
        // A process killed while writing could not clean up.
        AtomicFile.Sweep(folder);
        return AtomicFile.Write(
            folder,
            stream => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{batches:D9}-{WriteContent(stream, tensors, metadata)}{Extension}")),
            create);
    }

    /// <summary>Reads a checkpoint after checking that it is complete and unaltered.</summary>
    /// <returns>The tensors, which the caller owns, and the texts.</returns>
    /// <exception cref="InvalidDataException">It is truncated or altered.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static (Dictionary<string, Tensor> Tensors, IReadOnlyDictionary<string, string> Metadata) Read(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            var tensors = file.ReadAll();
            // The checksum of the bytes that were read: another process may replace the file at any moment.
            var found = Digits(file.HashOf(tensors));
            if (Path.GetFileNameWithoutExtension(path).EndsWith("-" + found, StringComparison.Ordinal))
                return (tensors, file.Metadata);
            foreach (var tensor in tensors.Values)
                tensor.Dispose();
            throw new InvalidDataException($"'{path}' is damaged or was altered: its checksum is {found}, not the one in its name.");
        }
        catch (SafetensorsException e)
        {
            throw new InvalidDataException($"'{path}' is damaged or was altered: {e.Message}", e);
        }
    }

    /// <summary>Deletes all but the newest few and the one from the best evaluation.</summary>
    /// <param name="keep">How many of the newest are kept.</param>
    /// <param name="best">The batch count of the one to keep as well, or null.</param>
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
