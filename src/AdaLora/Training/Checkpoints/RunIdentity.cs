using System.Globalization;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>What has to be the same in a training that goes on from a checkpoint: the settings that decide about results, what is trained, and the frozen weights.</summary>
internal sealed class RunIdentity
{
    /// <summary>Changes whenever a checkpoint holds other things than before.</summary>
    private const string Format = "2";

    private const string Frozen = "frozen weights";

    // What checkpoints of earlier versions do not tell, and what held then.
    private static readonly Dictionary<string, string> Untold = new(StringComparer.Ordinal) { ["Allocation"] = Text(Allocation.AllocationStrategy.PruneToBudget) };

    private readonly WeightFingerprint _frozen;
    private readonly SortedDictionary<string, string> _settings;

    private RunIdentity(WeightFingerprint frozen, SortedDictionary<string, string> settings) => (_frozen, _settings) = (frozen, settings);

    /// <summary>All of it by name, for the metadata of a checkpoint.</summary>
    public IReadOnlyDictionary<string, string> Settings => _settings;

    /// <param name="target">What is trained.</param>
    /// <param name="options">How.</param>
    /// <param name="optimizer">By what; before its first step.</param>
    /// <param name="losses">What losses are.</param>
    public static RunIdentity Of(TrainingTarget target, TrainerOptions options, optim.Optimizer optimizer, string losses)
    {
        var frozen = new WeightFingerprint(target.Model.named_parameters().Where(p => !p.parameter.requires_grad).Select(p => (p.name, (Tensor)p.parameter)));
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["checkpoint format"] = Format,
            ["losses"] = losses,
            [Frozen] = frozen.Describe(options.Checkpoints?.HashAllWeights ?? false),
        };
        foreach (var (name, value) in options.Settings)
            settings[name] = Text(value);
        foreach (var (name, value) in OptimizerSettings.Of(optimizer))
            settings[name] = value;
        foreach (var (name, value) in options.Checkpoints?.Settings ?? new Dictionary<string, string>())
            settings[$"setting {name}"] = value;
        target.Identify(settings);
        return new RunIdentity(frozen, settings);
    }

    /// <exception cref="InvalidDataException">They differ; everything that does is listed.</exception>
    public void Require(IReadOnlyDictionary<string, string> saved, string path, string except)
    {
        var present = new SortedDictionary<string, string>(_settings, StringComparer.Ordinal);
        if (saved.TryGetValue(Frozen, out var weights) && weights != present[Frozen])
            present[Frozen] = _frozen.DescribeLike(weights);
        var differences = present.Keys.Union(saved.Keys)
            .Where(k => k != except && present.GetValueOrDefault(k) != Saved(k))
            .Order(StringComparer.Ordinal)
            .Select(k => $"{k} is {present.GetValueOrDefault(k) ?? "absent"} and was {Saved(k) ?? "absent"}")
            .ToList();
        if (differences.Count > 0)
            throw new InvalidDataException($"'{path}' belongs to another training: {string.Join("; ", differences)}. Resume with the settings it was begun with, or begin anew in another folder.");

        string? Saved(string name) => saved.GetValueOrDefault(name) ?? (present.ContainsKey(name) ? Untold.GetValueOrDefault(name) : null);
    }

    public static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    public static string Shape(Tensor tensor) => $"{tensor.dtype} ({string.Join(", ", tensor.shape)})";
}
