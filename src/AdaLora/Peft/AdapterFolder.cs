using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>
/// The two files of a saved adapter, replaced together: they are written completely into a folder next to their destination, which a single rename then makes valid; from that moment on,
/// readers of this library use its files, wherever moving the individual files was interrupted. Nothing outside the folder is touched.
/// </summary>
internal static class AdapterFolder
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";
    private const string PickledFile = "adapter_model.bin";
    private const string Pending = ".adapter-pending";
    private const string StagingPrefix = ".adapter-staging-";

    // The configuration comes last, so that it never describes weights that are not yet in place.
    private static readonly string[] Files = [WeightsFile, ConfigFile];

    /// <summary>Writes both files, or leaves the existing ones as they are.</summary>
    /// <param name="folder">Created if it does not exist.</param>
    /// <param name="writers">Writes one file's content, by file name.</param>
    /// <param name="create">Opens the stream for a path; null for a file.</param>
    /// <exception cref="IOException">The files cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Writing to the folder is not permitted.</exception>
    public static void Write(string folder, IReadOnlyDictionary<string, Action<Stream>> writers, Func<string, Stream>? create = null)
    {
        try
        {
            WriteBoth(folder, writers, create);
        }
        catch (Exception e) when (WriteFailure.IsOne(e))
        {
            throw WriteFailure.Explain(e, folder);
        }
    }

    private static void WriteBoth(string folder, IReadOnlyDictionary<string, Action<Stream>> writers, Func<string, Stream>? create)
    {
        Directory.CreateDirectory(folder);
        if (Files.FirstOrDefault(file => Directory.Exists(Path.Combine(folder, file))) is { } obstacle)
            throw new IOException($"'{Path.Combine(folder, obstacle)}' is a folder, but the adapter needs a file of that name.");
        FinishPending(folder);
        // A process killed while writing could not clean up.
        foreach (var torn in Directory.GetDirectories(folder, StagingPrefix + "*"))
            Directory.Delete(torn, recursive: true);
        var staging = Path.Combine(folder, $"{StagingPrefix}{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(staging);
            foreach (var file in Files)
                AtomicFile.WriteInPlace(Path.Combine(staging, file), writers[file], create);
            Directory.Move(staging, Path.Combine(folder, Pending));
        }
        catch
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
            throw;
        }

        FinishPending(folder);
    }

    /// <summary>The path of the current version of a file.</summary>
    /// <exception cref="InvalidDataException">The folder has no such file.</exception>
    public static string Find(string folder, string file)
    {
        var pending = Path.Combine(folder, Pending, file);
        var path = File.Exists(pending) ? pending : Path.Combine(folder, file);
        return File.Exists(path) ? path : throw new InvalidDataException(WhyNot(folder, file));
    }

    // Adapters come in other formats too; the error for each says what to do.
    private static string WhyNot(string folder, string file)
    {
        if (File.Exists(folder))
            return $"'{folder}' is a file; give the folder that holds {ConfigFile} and {WeightsFile}.";
        if (!Directory.Exists(folder))
            return $"'{folder}' holds no adapter: the folder '{Path.GetFullPath(folder)}' does not exist.";
        if (Directory.EnumerateFiles(folder, "*.gguf").FirstOrDefault() is { } gguf)
            return $"'{folder}' holds an adapter in llama.cpp's GGUF format ({Path.GetFileName(gguf)}), which is not supported; use the PEFT adapter that it was converted from.";
        if (File.Exists(Path.Combine(folder, PickledFile)))
        {
            return $"'{folder}' holds its weights in PyTorch's pickle format ({PickledFile}), which is not read, because loading it can run code: "
                + "load and save it once with PEFT in Python (save_pretrained writes safetensors).";
        }
        return $"'{folder}' holds no adapter: there is no {file}.";
    }

    private static void FinishPending(string folder)
    {
        var pending = Path.Combine(folder, Pending);
        if (!Directory.Exists(pending))
            return;
        foreach (var file in Files.Where(file => File.Exists(Path.Combine(pending, file))))
            File.Move(Path.Combine(pending, file), Path.Combine(folder, file), overwrite: true);
        Directory.Delete(pending, recursive: true);
    }
}
