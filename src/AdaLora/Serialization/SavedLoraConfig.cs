using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AdaLora.Adapters;

namespace AdaLora.Serialization;

/// <summary>The configuration of a plain LoRA adapter, whose ranks and alphas may differ by module.</summary>
internal sealed class SavedLoraConfig : SavedConfig
{
    public const string PeftType = "LORA";

    private readonly int _rank;
    private readonly bool _rootScale;
    private readonly IReadOnlyList<KeyValuePair<string, double>> _ranks;
    private readonly IReadOnlyList<KeyValuePair<string, double>> _alphas;

    public SavedLoraConfig(JsonObject json, JsonFields fields)
        : base(json, fields)
    {
        _rank = fields.Integer("r", 8);
        _rootScale = fields.Get("use_rslora", false, "a truth value");
        _ranks = Numbers(fields, "rank_pattern");
        _alphas = Numbers(fields, "alpha_pattern");
    }

    public override string Kind => PeftType;

    public override bool IsSettled => true;

    public override IReadOnlyList<string> Endings { get; } = [".lora_A.weight", ".lora_B.weight"];

    public override IEnumerable<string> NamedModules => [];

    public override IReadOnlyList<bool> PatternOf(string module) => [.. Enumerable.Repeat(true, RankOf(module))];

    public override double ScaleOf(string module)
    {
        var rank = RankOf(module);
        return (Find(_alphas, module) ?? Alpha) / (_rootScale ? Math.Sqrt(rank) : rank);
    }

    public override IReadOnlyDictionary<string, long[]> ShapesOf(string module, long outFeatures, long inFeatures) =>
        new Dictionary<string, long[]> { [Endings[0]] = [RankOf(module), inFeatures], [Endings[1]] = [outFeatures, RankOf(module)] };

    public override AdaLoraOptions Training(int matrices, int triplets, TargetModules targets, IReadOnlyList<string> trainedModules) => new()
    {
        InitialRank = _rank,
        TargetBudget = triplets,
        Alpha = Math.Max(0, Alpha),
        Dropout = Dropout,
        Targets = targets,
        TrainedModules = trainedModules,
        Biases = Biases,
    };

    protected override IEnumerable<string> OwnProblems() =>
        base.OwnProblems().Concat(_ranks.Select(p => p.Value).Append(_rank).All(r => r >= 1 && r == Math.Floor(r)) ? [] : ["'r' or 'rank_pattern' holds a rank below 1"]);

    // Tried in the order of the file against the end of the name, from a dot or the beginning on.
    private static double? Find(IReadOnlyList<KeyValuePair<string, double>> pattern, string module)
    {
        foreach (var (key, value) in pattern)
        {
            if (Regex.IsMatch(module, $@"\A(?:.*\.)?(?:{key})\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)))
                return value;
        }

        return null;
    }

    private static IReadOnlyList<KeyValuePair<string, double>> Numbers(JsonFields fields, string name) =>
        [.. (fields.Map(name, n => n is JsonValue v && v.TryGetValue<double>(out var number) ? (object)number : null, "a number") ?? [])
            .Where(p => SavedTargets.IsExpression(p.Key) || p.Key.Length > 0)
            .Select(p => KeyValuePair.Create(SavedTargets.IsExpression(p.Key) ? p.Key : Regex.Escape(p.Key), (double)p.Value))];

    private int RankOf(string module) => (int)(Find(_ranks, module) ?? _rank);
}
