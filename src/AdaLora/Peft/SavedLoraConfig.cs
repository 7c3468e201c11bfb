using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Internals;

namespace AdaLora.Peft;

/// <summary>The configuration of a plain LoRA adapter, whose ranks and alphas may differ by module.</summary>
internal sealed class SavedLoraConfig : SavedConfig
{
    public const string PeftType = "LORA";

    private static readonly string[] LayerEndings = [".lora_A.weight", ".lora_B.weight"], TableEndings = [".lora_embedding_A", ".lora_embedding_B"];

    private readonly int _rank;
    private readonly bool _rootScale;
    private readonly ModuleNumbers _ranks;
    private readonly ModuleNumbers _alphas;

    public SavedLoraConfig(JsonObject json, JsonFields fields)
        : base(json, fields)
    {
        _rank = fields.Integer("r", 8);
        _rootScale = fields.Get("use_rslora", false, "a boolean");
        _ranks = new ModuleNumbers(fields, "rank_pattern");
        _alphas = new ModuleNumbers(fields, "alpha_pattern");
    }

    public override string Kind => PeftType;

    public override bool AreRanksFinal => true;

    public override IReadOnlyList<string> Endings { get; } = [.. LayerEndings, .. TableEndings];

    /// <summary>A and B of a layer, or of a table of embeddings.</summary>
    public static IReadOnlyList<string> NamesOf(bool isTable) => isTable ? TableEndings : LayerEndings;

    public override IReadOnlyList<string> EndingsOf(bool isTable) => NamesOf(isTable);

    public override IEnumerable<string> NamedModules => [];

    public override int RankOf(string module) => (int)(_ranks.Of(module) ?? _rank);

    public override IReadOnlyList<bool> PatternOf(string module) => [.. Enumerable.Repeat(true, RankOf(module))];

    public override double ScaleOf(string module)
    {
        var rank = RankOf(module);
        return (_alphas.Of(module) ?? Alpha) / (_rootScale ? Math.Sqrt(rank) : rank);
    }

    public override IReadOnlyDictionary<string, long[]> ShapesOf(string module, MatrixSizes sizes) =>
        new Dictionary<string, long[]> { [NamesOf(sizes.IsTable)[0]] = sizes.LoraRight(RankOf(module)), [NamesOf(sizes.IsTable)[1]] = sizes.LoraLeft(RankOf(module)) };

    public override string? FaultOf(AdaptableLayer layer) => layer.IsGrouped ? "is a grouped convolution, which PEFT's LoRA computes differently"
        : layer.HasPlainLora ? null
        : "is not a linear layer, a convolution or an embedding, for which plain LoRA is not read";

    public override SavedTraining Training(int matrices, int triplets) => new()
    {
        InitialRank = _rank,
        TargetBudget = triplets,
        Alpha = Math.Max(0, Alpha),
        Dropout = Dropout,
    };

    protected override IEnumerable<string> OwnProblems() => base.OwnProblems()
        .Concat(_ranks.Values.Append(_rank).All(r => r is >= 1 and <= int.MaxValue && r == Math.Floor(r)) ? [] : ["'r' or 'rank_pattern' holds something other than a whole number of at least 1"])
        .Concat(_alphas.Values.All(IsSingle) ? [] : ["'alpha_pattern' holds a number outside the range of single precision"]);
}
