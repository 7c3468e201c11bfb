using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>Which rows of tables of embeddings were trained by themselves: by the end of a module's name, or one list for the model's input embeddings, whatever their name.</summary>
internal sealed class SavedRows
{
    public const string Field = "trainable_token_indices";

    /// <summary>The suffix of the name of the tensor with the rows.</summary>
    public const string Ending = ".token_adapter.trainable_tokens_delta";

    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _byName;
    private readonly IReadOnlyList<long>? _ofInputs;

    private SavedRows(IReadOnlyDictionary<string, IReadOnlyList<long>> byName, IReadOnlyList<long>? ofInputs) => (_byName, _ofInputs) = (byName, ofInputs);

    public static SavedRows Read(JsonFields fields)
    {
        if (fields.IsList(Field))
            return new SavedRows(new Dictionary<string, IReadOnlyList<long>>(), fields.WholeNumbers(Field));
        var byName = fields.Map(Field, JsonFields.ToWholeNumbers, "a list of whole numbers") ?? [];
        return new SavedRows(new Dictionary<string, IReadOnlyList<long>>(byName, StringComparer.Ordinal), null);
    }

    /// <summary>The rows of a module; null if none are listed.</summary>
    public IReadOnlyList<long>? Of(string module) => NameOf(module) is { } name ? _byName[name] : _ofInputs;

    /// <summary>The listed names of which there is no module.</summary>
    public IEnumerable<string> Unfound(IEnumerable<string> modules)
    {
        var found = modules.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        return _byName.Keys.Where(name => !found.Contains(name)).Order(StringComparer.Ordinal);
    }

    private string? NameOf(string module) =>
        _byName.Keys.Where(name => module == name || module.EndsWith("." + name, StringComparison.Ordinal)).MaxBy(name => name.Length);
}
