using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>The two files of a saved adapter, replaced together.</summary>
internal static class AdapterFolder
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";
    private const string PickledFile = "adapter_model.bin";

    // The configuration comes last, so that it never describes weights that are not yet in place.
    private static readonly JointFiles Both = new("adapter", [WeightsFile, ConfigFile]);

    /// <summary>Writes both files, or leaves the existing ones as they are.</summary>
    /// <inheritdoc cref="JointFiles.Write"/>
    public static void Write(string folder, IReadOnlyDictionary<string, Action<Stream>> writers, Func<string, Stream>? create = null) => Both.Write(folder, writers, create);

    /// <summary>The path of the current version of a file.</summary>
    /// <exception cref="InvalidDataException">The folder has no such file.</exception>
    public static string Find(string folder, string file)
    {
        var path = Both.Find(folder, file);
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
}
