using AdaLora.Safetensors;
using AdaLora.Targeting;

namespace AdaLora.Peft;

/// <summary>Which stored tensor belongs to which part of an adapter, determined only from its configuration and the names and shapes in the file.</summary>
internal sealed class SavedContents
{
    private readonly SavedConfig _config;
    private readonly IReadOnlyDictionary<string, SafetensorsEntry> _entries;
    private readonly List<string> _problems = [];

    public SavedContents(SavedConfig config, IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        _config = config;
        _entries = entries;
        Modules =
        [
            .. entries.Keys.Select(name => PeftName.ModuleOf(name, config.Endings)).OfType<string>().Concat(config.NamedModules)
                .Distinct(StringComparer.Ordinal)
                .OrderBy(name => name, NumberAwareComparer.Instance),
        ];
        if (Modules.Count == 0)
            _problems.Add("it holds no adapted matrices");
        foreach (var module in Modules)
            Check(module);
        var adapted = Modules.SelectMany(TensorsOf).ToHashSet(StringComparer.Ordinal);
        TrainedInFull = FindTrained(entries.Values.Where(e => !adapted.Contains(e.Name)));
        AdapterParameters = adapted.Where(entries.ContainsKey).Sum(name => Count(entries[name]));
    }

    /// <summary>Names of the adapted modules.</summary>
    public IReadOnlyList<string> Modules { get; }

    public IReadOnlyList<InspectedModule> TrainedInFull { get; }

    public long AdapterParameters { get; }

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Names of an adapted module's tensors, in the order of the configuration's suffixes.</summary>
    public IEnumerable<string> TensorsOf(string module) => _config.EndingsOf(IsTable(module)).Select(ending => PeftName.Prefix + module + ending);

    private bool IsTable(string module) => SavedLoraConfig.NamesOf(isTable: true).Any(ending => _entries.ContainsKey(PeftName.Prefix + module + ending));

    private static long Count(SafetensorsEntry entry) => entry.Shape.Aggregate(1L, (product, size) => product * size);

    // Without the model only the outer sizes are unknown: they are taken from the outer matrices.
    private void Check(string module)
    {
        var names = TensorsOf(module).ToList();
        var missing = names.Where(name => !_entries.ContainsKey(name)).ToList();
        _problems.AddRange(missing.Select(name => $"'{name}' is missing"));
        if (missing.Count > 0)
            return;
        var (right, left) = (_entries[names[0]].Shape, _entries[names[^1]].Shape);
        var sizes = MatrixSizes.Stored(left, right) with { IsTable = IsTable(module) };
        // Such tensors take no bytes, whatever their other size: a rank of billions would have no data behind it.
        if (sizes.Out == 0 || sizes.In == 0)
        {
            _problems.Add($"'{names[0]}' ({string.Join(", ", right)}) and '{names[^1]}' ({string.Join(", ", left)}) are factors of a matrix without elements");
            return;
        }

        var expected = _config.ShapesOf(module, sizes);
        foreach (var ((_, shape), name) in expected.Zip(names))
        {
            if (!_entries[name].Shape.SequenceEqual(shape))
                _problems.Add($"'{name}' has shape ({string.Join(", ", _entries[name].Shape)}) instead of ({string.Join(", ", shape)})");
            else if (!TorchSharp.torch.is_floating_point(_entries[name].Dtype))
                _problems.Add($"'{name}' is of type {_entries[name].Dtype}");
        }
    }

    private IReadOnlyList<InspectedModule> FindTrained(IEnumerable<SafetensorsEntry> others)
    {
        var own = others.Where(e => !PeftName.IsPassedOver(e.Name)).ToLookup(e => e.Name.StartsWith(PeftName.Prefix, StringComparison.Ordinal));
        _problems.AddRange(own[false].Select(e => $"'{e.Name}' is not the name of an adapter's tensor").Order(StringComparer.Ordinal));
        return
        [
            .. own[true].GroupBy(e => ModuleOf(PeftName.ToParameter(e.Name)), e => Count(e), StringComparer.Ordinal)
                .Select(g => new InspectedModule(g.Key, g.Sum()))
                .OrderBy(m => m.Name, NumberAwareComparer.Instance),
        ];
    }

    private static string ModuleOf(string parameter) => parameter.LastIndexOf('.') is >= 0 and var dot ? parameter[..dot] : "";
}
