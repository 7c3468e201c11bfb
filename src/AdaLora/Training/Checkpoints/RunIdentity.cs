using System.Globalization;
using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Training.Checkpoints;

/// <summary>What must be the same when a training resumes from a checkpoint: the settings that affect results, what is trained, and the frozen weights.</summary>
internal sealed class RunIdentity
{
    /// <summary>Changes whenever the contents of a checkpoint change.</summary>
    private const string Format = "2";

    private const string Frozen = "frozen weights";

    // Settings missing from checkpoints of earlier versions, with the values that applied then.
    private static readonly Dictionary<string, string> Untold = new(StringComparer.Ordinal)
    {
        ["Allocation"] = Text(Allocation.AllocationStrategy.PruneToBudget),
        [nameof(TrainerOptions.LossScale)] = Text(LossScale.None),
        [nameof(LearningRateFactors)] = Text(LearningRateFactors.Equal),
        [nameof(Allocation.BudgetUnit)] = Text(Allocation.BudgetUnit.Triplets),
    };

    private readonly WeightFingerprint _frozen;
    private readonly SortedDictionary<string, string> _settings;

    private RunIdentity(WeightFingerprint frozen, SortedDictionary<string, string> settings) => (_frozen, _settings) = (frozen, settings);

    /// <summary>All of it by name, for a checkpoint's metadata.</summary>
    public IReadOnlyDictionary<string, string> Settings => _settings;

    /// <param name="target">What is trained.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="optimizer">The optimiser, before its first step.</param>
    /// <param name="losses">What kind of losses.</param>
    /// <param name="scale">How they are scaled.</param>
    public static RunIdentity Of(TrainingTarget target, TrainerOptions options, optim.Optimizer optimizer, string losses, LossScale scale)
    {
        var frozen = new WeightFingerprint(target.FrozenWeights);
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["checkpoint format"] = Format,
            ["losses"] = losses,
            [nameof(TrainerOptions.LossScale)] = Text(scale),
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

    // Settings that have other names in checkpoints of earlier versions.
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal) { ["CompactAfterFreeze"] = nameof(TrainerOptions.CompactWhenFinal) };

    /// <exception cref="InvalidDataException">They differ; all differences are listed.</exception>
    public void Require(IReadOnlyDictionary<string, string> stored, string path, string except)
    {
        var saved = stored.ToDictionary(s => Renamed.GetValueOrDefault(s.Key, s.Key), s => s.Value, StringComparer.Ordinal);
        var present = new SortedDictionary<string, string>(_settings, StringComparer.Ordinal);
        if (saved.TryGetValue(Frozen, out var weights) && weights != present[Frozen])
            present[Frozen] = _frozen.DescribeLike(weights);
        var differences = present.Keys.Union(saved.Keys)
            .Where(k => k != except && present.GetValueOrDefault(k) != Saved(k))
            .Order(StringComparer.Ordinal)
            .Select(k => $"{k} is {present.GetValueOrDefault(k) ?? "absent"} and was {Saved(k) ?? "absent"}")
            .ToList();
        if (differences.Count > 0)
            throw new InvalidDataException($"'{path}' belongs to another training run: {string.Join("; ", differences)}. Resume with the settings it was started with, or start again in another folder.");

        string? Saved(string name) => saved.GetValueOrDefault(name) ?? (present.ContainsKey(name) ? Untold.GetValueOrDefault(name) : null);
    }

    public static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    public static string Shape(Tensor tensor) => $"{tensor.dtype} ({string.Join(", ", tensor.shape)})";
}
