using System.Globalization;
using System.Security.Cryptography;
using AdaLora.Internals;
using AdaLora.Safetensors;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>What has to be the same in a training that goes on from a checkpoint: the settings that decide about results, what is trained, and the frozen weights.</summary>
internal static class RunIdentity
{
    /// <summary>Changes whenever a checkpoint holds other things than before.</summary>
    private const string Format = "2";

    /// <param name="target">What is trained.</param>
    /// <param name="options">How.</param>
    /// <param name="optimizer">By what; before its first step.</param>
    /// <param name="losses">What losses are.</param>
    public static IReadOnlyDictionary<string, string> Of(TrainingTarget target, TrainerOptions options, optim.Optimizer optimizer, string losses)
    {
        var identity = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["checkpoint format"] = Format,
            ["losses"] = losses,
            ["frozen weights"] = Fingerprint(target.Model.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => (p.name, (Tensor)p.parameter))),
        };
        foreach (var (name, value) in options.Settings)
            identity[name] = Text(value);
        foreach (var (name, value) in OptimizerSettings.Of(optimizer))
            identity[name] = value;
        foreach (var (name, value) in options.Checkpoints?.Settings ?? new Dictionary<string, string>())
            identity[$"setting {name}"] = value;
        target.Identify(identity);
        return identity;
    }

    /// <exception cref="InvalidDataException">They differ; everything that does is listed.</exception>
    public static void Require(IReadOnlyDictionary<string, string> present, IReadOnlyDictionary<string, string> saved, string path, string except)
    {
        var differences = present.Keys.Union(saved.Keys)
            .Where(k => k != except && present.GetValueOrDefault(k) != saved.GetValueOrDefault(k))
            .Order(StringComparer.Ordinal)
            .Select(k => $"{k} is {present.GetValueOrDefault(k) ?? "absent"} and was {saved.GetValueOrDefault(k) ?? "absent"}")
            .ToList();
        if (differences.Count > 0)
            throw new InvalidDataException($"'{path}' belongs to another training: {string.Join("; ", differences)}. Resume with the settings it was begun with, or begin anew in another folder.");
    }

    public static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    public static string Shape(Tensor tensor) => $"{tensor.dtype} ({string.Join(", ", tensor.shape)})";

    // Of names, dtypes, shapes and every byte.
    private static string Fingerprint(IEnumerable<(string Name, Tensor Value)> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, value) in tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{name} {Shape(value)}\n"));
            if (value.numel() == 0)
                continue;
            using var scope = NewDisposeScope();
            TensorBytes.ForEachChunk(HostRead.Copy(value), (chunk, _) => hash.AppendData(chunk));
        }

        return Convert.ToHexString(hash.GetHashAndReset())[..32];
    }
}
