using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using TorchSharp;
using static TorchSharp.torch;

namespace AdaLora.Peft;

/// <summary>Which stored tensor goes where in a model, and everything that prevents it from fitting, determined only from names and shapes.</summary>
internal sealed class SavedFit
{
    private readonly SavedConfig _config;
    private readonly IReadOnlyDictionary<string, SafetensorsEntry> _entries;
    private readonly IReadOnlyList<ModuleNode> _nodes;
    private readonly IReadOnlyList<(string Path, object Module, AdaptableLayer Layer)> _layers;
    private readonly IReadOnlySet<string> _materialised;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly List<string> _problems = [];
    private readonly List<(string Stored, Tensor Target)> _others = [];

    public SavedFit(nn.Module model, SavedConfig config, IReadOnlyDictionary<string, SafetensorsEntry> entries, IReadOnlySet<string> materialised)
    {
        _config = config;
        _entries = entries;
        _nodes = ModuleNode.Walk(model);
        _materialised = materialised;
        var stored = entries.Keys.Select(name => PeftName.ModuleOf(name, config.Endings)).OfType<string>().Concat(config.NamedModules).ToHashSet(StringComparer.Ordinal);
        TrainedModules = FindTrained(stored);
        _layers = [.. _nodes.Where(n => !n.CarriesAdapter).SelectMany(n => LayersAt(n, stored))];
        Modules = FindAdapted(stored);
        CheckAdapted();
        CheckLimits();
        CheckTrained();
        TrainedRows = CheckRows();
        CheckBiases();
        CheckBuffers();
        Tables = model is IVocabulary vocabulary ? CheckTables(vocabulary) : [];
        var tied = new TiedModules(_nodes);
        if (config.TiesWeights)
            _problems.AddRange(Modules.Select(tied.Describe).OfType<string>().Select(t => $"'{SavedConfig.TiedField}' is set, and {t}: PEFT puts one adapter on both, which is not supported"));
        else
            Untied = [.. TrainedModules.Select(tied.Describe).OfType<string>()];
        foreach (var name in entries.Keys.Where(n => !_used.Contains(n) && !PeftName.IsPassedOver(n)).Order(StringComparer.Ordinal))
            _problems.Add(EmbeddingOf(name) is { } table ? $"'{name}' replaces the model's embeddings{Resized(name, table)}, but is not in modules_to_save" : $"the model has no place for '{name}'");
    }

    /// <summary>Names of the adapted modules, in model order.</summary>
    public IReadOnlyList<string> Modules { get; }

    /// <summary>Full names of the modules that were trained in full.</summary>
    public IReadOnlyList<string> TrainedModules { get; }

    /// <summary>The rows of tables of embeddings that were trained by themselves, by the table's module.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> TrainedRows { get; }

    /// <summary>The stored tables with a row for each word, by their names in the model.</summary>
    public IReadOnlyList<string> Tables { get; }

    /// <summary>Saved parameters and buffers of the model itself.</summary>
    public IReadOnlyList<(string Stored, Tensor Target)> Others => _others;

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The configuration.</summary>
    public SavedConfig Config => _config;

    /// <summary>Which of the adapter's initial triplets are stored.</summary>
    public RankPattern Pattern() => RankPattern.From(Modules.Select(n => KeyValuePair.Create(n, _config.PatternOf(n))));

    /// <summary>How the adapters must be created to hold what is stored.</summary>
    public Blueprint Blueprint() =>
        new(Modules.ToDictionary(n => n, _config.RankOf, StringComparer.Ordinal), Modules.ToDictionary(n => n, _config.ScaleOf, StringComparer.Ordinal), TrainedModules, _materialised);

    /// <summary>The settings for further training.</summary>
    public SavedTraining Training() => _config.Training(Modules.Count, _config.Unsettled.Terms.IsPlain ? Modules.Sum(_config.RankOf) : (int)Cost);

    /// <summary>Modules trained in full that share a weight with others here, but of which PEFT made separate copies.</summary>
    public IReadOnlyList<string> Untied { get; } = [];

    // A listed name is the end of a module's name. Modules of which nothing is stored were not meant, unless nothing at all is stored for the name: then it is missing.
    private IReadOnlyList<string> FindTrained(HashSet<string> adapted)
    {
        var found = new List<string>();
        foreach (var listed in _config.ModulesToSave)
        {
            var candidates = _nodes.Where(n => n.Path.EndsWith(listed, StringComparison.Ordinal) && !adapted.Contains(n.Path) && n.State().Any()).ToList();
            var present = candidates.Where(n => n.State().Any(s => _entries.ContainsKey(PeftName.Prefix + s.Name))).ToList();
            var meant = candidates.Where(n => n.Path == listed || n.Path.EndsWith("." + listed, StringComparison.Ordinal));
            found.AddRange((present.Count > 0 ? present : meant).Select(n => n.Path));
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    private IReadOnlyList<string> FindAdapted(HashSet<string> stored)
    {
        var layers = _layers;
        var present = layers.Where(n => stored.Contains(n.Path)).DistinctBy(n => n.Module, (IEqualityComparer<object?>)ReferenceEqualityComparer.Instance);
        var names = present.Select(n => n.Path).ToHashSet(StringComparer.Ordinal);
        foreach (var lost in stored.Except(names, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            _problems.Add(_nodes.Any(n => n.Path == lost && n.CarriesAdapter) ? $"'{lost}' already carries an adapter" : $"the model has no linear layer or convolution '{lost}'");
            _used.UnionWith(_config.Endings.Select(ending => PeftName.Prefix + lost + ending));
        }

        // The configuration's selection shows what is missing. A module under a second name is not missing.
        var covered = layers.Where(n => names.Contains(n.Path)).Select(n => n.Module).ToHashSet((IEqualityComparer<object?>)ReferenceEqualityComparer.Instance);
        names.UnionWith(layers.Where(n => _config.Targets.Selects(n.Path) && !IsTrained(n.Path) && covered.Add(n.Module)).Select(n => n.Path));
        if (names.Count == 0 && _problems.Count == 0)
            _problems.Add("it holds no adapted matrices");
        return [.. layers.Where(n => names.Contains(n.Path)).Select(n => n.Path)];
    }

    // A weight that belongs to no layer counts only if something is stored for it.
    private static IEnumerable<(string Path, object Module, AdaptableLayer Layer)> LayersAt(ModuleNode node, HashSet<string> stored) =>
        (stored.Contains(node.Path) ? AdapterKinds.DescribeNamed(node.Module) : AdapterKinds.Describe(node.Module)) is { } layer
            ? [(node.Path, node.Module, layer)]
            : WeightPart.In(node).Where(part => stored.Contains(part.Path)).Select(part => (part.Path, (object)part, part.AsLayer()));

    private bool IsTrained(string path) => TrainedModules.Any(t => ModuleNames.IsAtOrIn(path, t));

    private void CheckAdapted()
    {
        foreach (var (path, layer) in _layers.Where(n => Modules.Contains(n.Path)).Select(n => (n.Path, n.Layer)))
        {
            if (_config.FaultOf(layer) is { } fault)
                _problems.Add($"'{path}' {fault}");
            foreach (var (ending, shape) in _config.ShapesOf(path, new MatrixSizes(layer)))
                Check(PeftName.Prefix + path + ending, shape, isFloating: true);
        }
    }

    private IReadOnlyCollection<TripletShape> Stored =>
        [.. _layers.Where(l => Modules.Contains(l.Path)).Select(l => new TripletShape(l.Path, l.Layer.OutFeatures, l.Layer.InFeatures, _config.RankOf(l.Path)))];

    private long Cost => _config.Unsettled.Terms.CostOf(Stored);

    private void CheckLimits()
    {
        if (_config.Unsettled is not { TargetBudget: { } target, Terms: var terms } || _problems.Count > 0)
            return;
        _problems.AddRange(terms.Limits.Keys.Except(Modules, StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => $"its metadata limits the rank of '{name}', which has no adapter"));
        _problems.AddRange(terms.Problems(Stored, target, AllocationStrategy.PruneToBudget));
        if (Cost > int.MaxValue)
            _problems.Add($"its budget counts parameters, of which it has {Cost}, more than the {int.MaxValue} that are possible");
    }

    private void CheckTrained()
    {
        foreach (var (name, target, isBuffer) in _nodes.Where(n => TrainedModules.Contains(n.Path)).SelectMany(n => n.State()).DistinctBy(s => s.Name))
        {
            // A writer that saves only parameters leaves buffers as they are.
            if (!isBuffer || _entries.ContainsKey(PeftName.Prefix + name))
                Take(PeftName.Prefix + name, target);
        }
    }

    private IReadOnlyDictionary<string, IReadOnlyList<long>> CheckRows()
    {
        var found = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal);
        foreach (var module in _entries.Keys.Select(name => PeftName.ModuleOf(name, [SavedRows.Ending])).OfType<string>().Order(StringComparer.Ordinal))
        {
            var stored = PeftName.Prefix + module + SavedRows.Ending;
            if (_nodes.FirstOrDefault(n => n.Path == module)?.Module is not TorchSharp.Modules.Embedding { weight: { } table })
            {
                _problems.Add($"the model has no Embedding '{module}', of which '{stored}' holds rows");
            }
            else if (_config.Rows.Of(module) is not { } rows)
            {
                _problems.Add($"'{SavedRows.Field}' does not say which rows of '{module}' '{stored}' holds");
            }
            else if (rows.Distinct().Count() != rows.Count || rows.Any(row => row < 0 || row >= table.size(0)))
            {
                _problems.Add($"'{SavedRows.Field}' lists rows of '{module}' twice, or that it does not have: its rows are 0 to {table.size(0) - 1}");
            }
            else if (Modules.Contains(module) || IsTrained(module))
            {
                _problems.Add($"'{stored}' holds rows of '{module}', which has an adapter or was trained in full as well");
            }
            else if (Check(stored, [rows.Count, table.size(1)], isFloating: true))
            {
                found[module] = rows;
                continue;
            }

            _used.Add(stored);
        }

        _problems.AddRange(_config.Rows.Unfound(found.Keys).Select(name => $"no rows are stored of '{name}', which '{SavedRows.Field}' lists"));
        return found;
    }

    private void CheckBiases()
    {
        if (_config.Biases == BiasTraining.None)
            return;
        var all = _nodes.SelectMany(n => n.Module.named_parameters(recurse: false).Select(p => (Module: n.Path, Name: n.Path.Length == 0 ? p.name : $"{n.Path}.{p.name}", p.name, p.parameter)));
        var stored = _entries.Keys.Where(n => n.StartsWith(PeftName.Prefix, StringComparison.Ordinal)).ToLookup(PeftName.ToParameter, StringComparer.Ordinal);
        foreach (var (module, fullName, name, parameter) in all)
        {
            var isMeant = _config.Biases == BiasTraining.All ? name == "bias" : name == "bias" && Modules.Contains(module);
            var found = stored[fullName].FirstOrDefault();
            if (found is not null && name.Contains("bias", StringComparison.OrdinalIgnoreCase) && !_used.Contains(found))
                Take(found, parameter);
            else if (found is null && isMeant && !IsTrained(module))
                _problems.Add($"'{PeftName.OfParameter(fullName, Modules.ToHashSet(StringComparer.Ordinal))}' is missing");
        }
    }

    // Buffers such as running averages that changed while the adapter was trained.
    private void CheckBuffers()
    {
        foreach (var (name, target, _) in _nodes.SelectMany(n => n.OwnTensors()).Where(t => t.IsBuffer && _entries.ContainsKey(PeftName.Prefix + t.Name) && !_used.Contains(PeftName.Prefix + t.Name)))
            Take(PeftName.Prefix + name, target);
    }

    // PEFT saves them with an adapter if the vocabulary was resized, or if they are adapted; under both names if a head is tied.
    private IReadOnlyList<string> CheckTables(IVocabulary vocabulary)
    {
        var found = new List<string>();
        var adapted = Modules.ToHashSet(StringComparer.Ordinal);
        foreach (var (name, target, _) in _nodes.SelectMany(n => n.OwnTensors()).Where(t => vocabulary.VocabularyTables.Contains(t.Name)))
        {
            var stored = ((string[])[PeftName.OfParameter(name, adapted), PeftName.Prefix + name]).FirstOrDefault(s => _entries.ContainsKey(s) && !_used.Contains(s));
            if (stored is null)
                continue;
            Take(stored, target);
            found.Add(name);
        }

        _used.UnionWith(vocabulary.RepeatedTables.Select(name => PeftName.Prefix + name));
        return found;
    }

    // PEFT additionally saves embeddings when the vocabulary was resized.
    private Tensor? EmbeddingOf(string stored) => stored.StartsWith(PeftName.Prefix, StringComparison.Ordinal)
        ? _nodes.Where(n => n.Module is TorchSharp.Modules.Embedding or TorchSharp.Modules.EmbeddingBag).SelectMany(n => n.State()).FirstOrDefault(s => s.Name == PeftName.ToParameter(stored)).Value
        : null;

    private string Resized(string stored, Tensor table) => _entries[stored].Shape is [var rows, ..] && rows != table.shape[0]
        ? $" of {table.shape[0]} rows with {rows}: the adapter belongs to a model with a resized vocabulary, so resize this model's vocabulary first"
        : string.Empty;

    private void Take(string stored, Tensor target)
    {
        if (Check(stored, target.shape, target.is_floating_point()))
            _others.Add((stored, target));
    }

    private bool Check(string name, IReadOnlyList<long> shape, bool isFloating)
    {
        _used.Add(name);
        if (!_entries.TryGetValue(name, out var entry))
            _problems.Add($"'{name}' is missing");
        else if (!entry.Shape.SequenceEqual(shape))
            _problems.Add($"'{name}' has shape ({string.Join(", ", entry.Shape)}) instead of ({string.Join(", ", shape)}){(EmbeddingOf(name) is { } table ? Resized(name, table) : string.Empty)}");
        else if (torch.is_floating_point(entry.Dtype) != isFloating)
            _problems.Add($"'{name}' is of type {entry.Dtype}");
        else
            return true;
        return false;
    }
}
