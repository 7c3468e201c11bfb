using AdaLora.Safetensors;

namespace AdaLora.Peft;

/// <summary>
/// Which layers and weights held the product of their adapter, so that a model that would run past a hook does not do so silently when the adapter is loaded. It is stored in the metadata of the
/// weights, which PEFT ignores.
/// </summary>
internal static class SavedAttachments
{
    private const string Materialised = "adalora.materialised", Separator = "\n";

    /// <summary>The metadata with the names, if there are any.</summary>
    public static IReadOnlyDictionary<string, string> AddTo(IReadOnlyDictionary<string, string> metadata, IReadOnlyCollection<string> names) =>
        names.Count == 0 ? metadata : new Dictionary<string, string>(metadata, StringComparer.Ordinal) { [Materialised] = string.Join(Separator, names) };

    public static IReadOnlySet<string> Read(SafetensorsFile weights) =>
        (weights.Metadata.TryGetValue(Materialised, out var text) ? text.Split(Separator) : []).ToHashSet(StringComparer.Ordinal);
}
