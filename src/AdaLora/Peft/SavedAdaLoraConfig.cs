using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>The configuration of an AdaLoRA adapter: one initial rank and alpha for all matrices, and once ranks are settled, which triplets of each were kept.</summary>
internal sealed class SavedAdaLoraConfig : SavedConfig
{
    public const string PeftType = "ADALORA";

    private const string LambdaEnding = ".lora_E";

    private readonly int _initialRank;
    private readonly int _targetRank;
    private readonly int _totalSteps;
    private readonly int _initialSteps;
    private readonly int _finalSteps;
    private readonly int _interval;
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _orthogonalityWeight;
    private readonly Dictionary<string, bool[]>? _pattern;
    private bool[]? _all;

    public SavedAdaLoraConfig(JsonObject json, JsonFields fields)
        : base(json, fields)
    {
        _initialRank = fields.Integer("init_r", 12);
        _targetRank = fields.Integer("target_r", 8);
        _totalSteps = fields.Integer("total_step", 0);
        _initialSteps = fields.Integer("tinit", 0);
        _finalSteps = fields.Integer("tfinal", 0);
        _interval = fields.Integer("deltaT", 1);
        _beta1 = fields.Number("beta1", 0.85);
        _beta2 = fields.Number("beta2", 0.85);
        _orthogonalityWeight = fields.Number("orth_reg_weight", 0.5);
        _pattern = fields.Map("rank_pattern", Flags, "a list of booleans")?.ToDictionary(p => WithoutEnding(p.Key), p => p.Value, StringComparer.Ordinal);
    }

    public int InitialRank => _initialRank;

    public override string Kind => PeftType;

    public override bool AreRanksFinal => _pattern is not null && Unsettled.TargetBudget is null;

    public override IReadOnlyList<string> Endings { get; } = [".lora_A", LambdaEnding, ".lora_B"];

    public override IEnumerable<string> NamedModules => _pattern?.Keys.AsEnumerable() ?? [];

    public override int RankOf(string module) => _pattern?.GetValueOrDefault(module)?.Count(k => k) ?? _initialRank;

    public override IReadOnlyList<bool> PatternOf(string module) => _pattern?.GetValueOrDefault(module) ?? (_all ??= [.. Enumerable.Repeat(true, _initialRank)]);

    /// <summary>
    /// alpha / (initial rank + 1e-5), whatever was kept. A non-positive alpha stands for the rank, which to PEFT is the kept one.
    /// </summary>
    public override double ScaleOf(string module) => SvdAdapter.ScaleFor(Alpha > 0 ? Alpha : RankOf(module), _initialRank);

    public override IReadOnlyDictionary<string, long[]> ShapesOf(string module, MatrixSizes sizes)
    {
        long rank = RankOf(module);
        return new Dictionary<string, long[]> { [Endings[0]] = [rank, sizes.In], [Endings[1]] = [rank, 1], [Endings[2]] = [sizes.Out, rank] };
    }

    /// <summary>The file's schedule keeps its proportions, because the length of the next training is unknown.</summary>
    public override SavedTraining Training(int matrices, int triplets) => new()
    {
        InitialRank = _initialRank,
        TargetBudget = AreRanksFinal || (Unsettled.TargetBudget ?? (long)_targetRank * matrices) > triplets ? triplets : Unsettled.TargetBudget,
        Alpha = Math.Max(0, Alpha),
        Dropout = Dropout,
        Allocation = new SavedAllocation(_targetRank, Share(_initialSteps), Share(_finalSteps), _interval, _beta1, _beta2, _orthogonalityWeight),
    };

    protected override IEnumerable<string> OwnProblems()
    {
        var wrong = (_pattern ?? []).Where(p => p.Value.Length != _initialRank).Select(p => p.Key).Order(StringComparer.Ordinal).ToList();
        return base.OwnProblems()
            .Concat(_initialRank < 0 ? [$"'init_r' is {_initialRank}; it must not be negative"] : [])
            .Concat(wrong.Count > 0 ? [$"'rank_pattern' does not hold {_initialRank} booleans, the number that 'init_r' gives, for {string.Join(", ", wrong)}"] : []);
    }

    private static bool[]? Flags(JsonNode? node) =>
        node is JsonArray array && array.All(n => n is JsonValue v && v.TryGetValue<bool>(out _)) ? [.. array.Select(n => n!.GetValue<bool>())] : null;

    // PEFT's own keys; while it trains, the adapter's name may follow.
    private static string WithoutEnding(string key)
    {
        var end = key.LastIndexOf(LambdaEnding, StringComparison.Ordinal);
        return end < 0 ? key : key[..end];
    }

    // Half a step more than requested, so that the same total gives the same number of steps after rounding down.
    private PhaseLength Share(int steps) =>
        _totalSteps > 0 && steps >= 0 && steps < _totalSteps ? PhaseLength.Fraction((steps + 0.5) / _totalSteps) : PhaseLength.Steps(0);
}
