using AdaLora.Transformers.Configuration;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora.Transformers.Loading;

/// <summary>
/// Copies a checkpoint into a model. Names are matched despite three differences between checkpoints: the prefix of the encoder may be present or not, layer norms may have
/// gamma and beta instead of weight and bias, and heads may be missing or left over.
/// </summary>
internal sealed class WeightLoader
{
    private readonly PretrainedModel _model;
    private readonly CheckpointFolder _checkpoint;
    private readonly Dictionary<string, string> _storedNames;

    private WeightLoader(PretrainedModel model, CheckpointFolder checkpoint)
    {
        _model = model;
        _checkpoint = checkpoint;
        _storedNames = StoredNames(checkpoint);
    }

    /// <param name="model">The model to fill.</param>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="options">Whether the checkpoint's head is ignored even where it would fit, whether weights are mapped, and what seeds the values of what is newly initialised.</param>
    /// <exception cref="CheckpointException">Tensors other than those of a head are missing, or shapes differ: all of them are listed.</exception>
    public static LoadReport Load(PretrainedModel model, CheckpointFolder checkpoint, PretrainedOptions options) => new WeightLoader(model, checkpoint).Load(options);

    private LoadReport Load(PretrainedOptions options)
    {
        var newHead = options.NewHead;
        var targets = _model.state_dict();
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        var missing = new List<string>();
        foreach (var name in targets.Keys.Order(StringComparer.Ordinal))
        {
            if (!(newHead && _model.IsHead(name)) && Find(name) is { } source)
                sources.Add(name, source);
            else if (!_model.HasDefault(name))
                missing.Add(name);
        }
        Check(targets, sources, missing);
        foreach (var (name, source) in sources)
            Fill(targets[name], _storedNames[source], options.MemoryMapped);
        WeightInitializer.Initialize(_model, options.Seed, missing.ToHashSet(StringComparer.Ordinal));
        var report = new LoadReport(_checkpoint.Path, sources.Count, missing, Unexpected(sources, newHead));
        Log(options.Logger, report, newHead);
        return report;
    }

    // An encoder alone ignores heads, as requested; a head that was requested to be new is expected to be new.
    private void Log(ILogger logger, LoadReport report, bool newHead)
    {
        var replaced = newHead ? _storedNames.Keys.Where(_model.IsHead).Order(StringComparer.Ordinal).ToList() : [];
        if (replaced.Count > 0)
            LoadLog.HeadReplaced(logger, report.Folder, string.Join(", ", replaced));
        var surprising = report.NewlyInitialized.Where(name => !(newHead && _model.IsHead(name))).ToList();
        if (surprising.Count > 0)
            LoadLog.NewlyInitialized(logger, report.Folder, string.Join(", ", surprising));
        if (report.Unexpected.Count > 0)
            LoadLog.LeftOut(logger, _model.HasHead ? LogLevel.Warning : LogLevel.Information, report.Folder, string.Join(", ", report.Unexpected));
    }

    private void Fill(Tensor target, string source, bool memoryMapped)
    {
        if (memoryMapped && _checkpoint.GetEntry(source).Dtype == target.dtype)
            _checkpoint.MapInto(source, target);
        else
            _checkpoint.ReadInto(source, target);
    }

    private void Check(IReadOnlyDictionary<string, Tensor> targets, Dictionary<string, string> sources, List<string> missing)
    {
        var faults = new List<string>();
        foreach (var name in missing.Where(name => !_model.IsReplaceable(name)))
            faults.Add($"'{name}' is missing");
        foreach (var (name, source) in sources)
        {
            var stored = _checkpoint.GetEntry(_storedNames[source]).Shape;
            if (!stored.SequenceEqual(targets[name].shape))
                faults.Add($"'{name}' has the shape [{string.Join(", ", stored)}] instead of [{string.Join(", ", targets[name].shape)}]{HeadHint(name)}");
        }
        if (faults.Count > 0)
            throw new CheckpointException(_checkpoint.Path, $"does not fit {_model.GetName()}: {string.Join("; ", faults)}.");
    }

    private string HeadHint(string name) => _model.IsHead(name) ? " (request a new head, or as many labels as the checkpoint has)" : string.Empty;

    private string? Find(string name)
    {
        var prefix = _model.BasePrefix + ".";
        return ((IEnumerable<string>)[name, .. _model.OtherNames(name)]).SelectMany(WithAndWithoutPrefix).FirstOrDefault(_storedNames.ContainsKey);

        IEnumerable<string> WithAndWithoutPrefix(string known) =>
            !_model.HasHead ? [known, prefix + known] : known.StartsWith(prefix, StringComparison.Ordinal) ? [known, known[prefix.Length..]] : [known];
    }

    private List<string> Unexpected(Dictionary<string, string> sources, bool newHead)
    {
        var used = sources.Values.ToHashSet(StringComparer.Ordinal);
        return
        [
            .. _storedNames.Keys
                .Where(name => !used.Contains(name) && !_model.IsRedundant(name) && !(newHead && _model.IsHead(name)))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static Dictionary<string, string> StoredNames(CheckpointFolder checkpoint)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var stored in checkpoint.TensorNames)
        {
            var name = Replace(Replace(stored, ".gamma", ".weight"), ".beta", ".bias");
            if (!names.TryAdd(name, stored))
                throw new CheckpointException(checkpoint.Path, $"holds '{name}' under both its new and its old name.");
        }
        return names;
    }

    private static string Replace(string name, string ending, string replacement) =>
        name.EndsWith(ending, StringComparison.Ordinal) ? name[..^ending.Length] + replacement : name;
}
