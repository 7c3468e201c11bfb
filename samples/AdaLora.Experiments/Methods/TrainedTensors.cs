using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Experiments.Methods;

/// <summary>Keeps the parameters of a model that require gradients.</summary>
internal static class TrainedTensors
{
    private const string FileName = "trained.safetensors";

    /// <param name="model">The model.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="isKept">Which of them are kept, by name; all if null.</param>
    public static IReadOnlyList<string> Write(nn.Module model, string folder, Func<string, bool>? isKept = null)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FileName);
        var kept = Of(model).Where(p => isKept?.Invoke(p.Key) != false).ToDictionary(StringComparer.Ordinal);
        SafetensorsWriter.Write(path, kept, new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" });
        return [path];
    }

    /// <summary>Fills the parameters again, in a model that was prepared in the same way.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or holds tensors other than those that the model trains; all of them are listed.</exception>
    /// <exception cref="SafetensorsException">The file is damaged.</exception>
    public static void Read(nn.Module model, string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new InvalidDataException($"'{path}' does not exist; the run was not finished.");
        using var file = SafetensorsFile.Open(path);
        var trained = Of(model);
        var faults = trained.Keys.Union(file.Entries.Keys)
            .Where(name => !trained.TryGetValue(name, out var parameter) || !file.Entries.TryGetValue(name, out var entry) || !parameter.shape.SequenceEqual(entry.Shape))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (faults.Count > 0)
            throw new InvalidDataException($"{path} does not fit the model: {string.Join(", ", faults)}.");
        using var noGrad = no_grad();
        foreach (var (name, parameter) in trained)
        {
            using var stored = file.Read(name);
            parameter.copy_(stored);
        }
    }

    private static Dictionary<string, Tensor> Of(nn.Module model) =>
        model.named_parameters().Where(p => p.parameter.requires_grad).ToDictionary(p => p.name, p => (Tensor)p.parameter, StringComparer.Ordinal);
}
