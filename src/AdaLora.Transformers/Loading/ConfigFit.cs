using System.Globalization;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Loading;

/// <summary>
/// Compares a configuration with the names and shapes that are stored, before anything is made: a size that the weights don't have would take memory, or time, without limit.
/// </summary>
internal static class ConfigFit
{
    /// <exception cref="CheckpointException">Sizes differ; all that do are listed.</exception>
    public static void Check(CheckpointFolder checkpoint, ModelConfig config)
    {
        var stored = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in checkpoint.TensorNames)
            stored[WithoutPrefix(name, config)] = name;
        var faults = config.StoredSizes().Select(size => Fault(checkpoint, stored, size)).OfType<string>().ToList();
        foreach (var stack in config.Stacks.Reverse())
        {
            var layers = LayersOf(stored.Keys, stack.Prefix);
            if (stack.Layers > layers)
                faults.Insert(0, $"{stack.Entry} is {stack.Layers}, but {layers} layers are stored");
        }

        if (faults.Count > 0)
            throw new CheckpointException(checkpoint.ConfigPath, $"does not match the weights beside it: {string.Join("; ", faults)}.");
    }

    // "bert.embeddings..." and "embeddings..." are the same.
    private static string WithoutPrefix(string name, ModelConfig config)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && config.Roots.Any(root => name.AsSpan(dot + 1).StartsWith(root, StringComparison.Ordinal)) ? name[(dot + 1)..] : name;
    }

    private static string? Fault(CheckpointFolder checkpoint, Dictionary<string, string> stored, StoredSize size)
    {
        if (((IEnumerable<string>)[size.Tensor, .. size.OtherTensors]).Select(tensor => stored.GetValueOrDefault(tensor)).FirstOrDefault(tensor => tensor is not null) is not { } name)
            return $"{size.Entry} is {size.Size}, but '{size.Tensor}' is missing";
        var shape = checkpoint.GetEntry(name).Shape;
        return size.Dimension < shape.Count && shape[size.Dimension] == size.Size ? null : $"{size.Entry} requires {size.Size} in '{name}', which has the shape [{string.Join(", ", shape)}]";
    }

    private static int LayersOf(IEnumerable<string> names, string prefix)
    {
        var highest = -1;
        foreach (var name in names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var end = name.IndexOf('.', prefix.Length);
            if (end > 0 && int.TryParse(name.AsSpan(prefix.Length, end - prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var layer) && layer < int.MaxValue)
                highest = Math.Max(highest, layer);
        }
        return highest + 1;
    }
}
