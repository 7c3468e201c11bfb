using System.Text.Json.Nodes;
using AdaLora.Adapters;
using AdaLora.Allocation;

namespace AdaLora.Peft;

/// <summary>Creates the configuration of a saved AdaLoRA adapter.</summary>
internal sealed class AdaLoraConfigWriter
{
    private readonly AdapterDescription _adapter;
    private readonly SavedConfig? _origin;
    private readonly RankPattern _pattern;
    private readonly int _initialRank;
    private readonly double _alpha;

    /// <param name="adapter">The adapter.</param>
    /// <param name="origin">What it was loaded with, if anything.</param>
    /// <param name="pattern">Which triplets are written, out of all there ever were.</param>
    public AdaLoraConfigWriter(AdapterDescription adapter, SavedConfig? origin, RankPattern pattern)
    {
        _adapter = adapter;
        _origin = origin;
        // Readers number triplets below the initial rank: if others were added, the remaining ones are written as the first of that many.
        _pattern = adapter.HasGrown ? RankPattern.From(pattern.Names.Select(n => KeyValuePair.Create<string, IReadOnlyList<bool>>(n, [.. Enumerable.Repeat(true, pattern.RankOf(n))]))) : pattern;
        var initialRank = origin is SavedAdaLoraConfig own ? own.InitialRank : adapter.InitialRank;
        // An initial rank of 0 would make the scale of PEFT meaningless.
        _initialRank = Math.Max(Math.Max(1, initialRank), adapter.HasGrown ? _pattern.Names.Max(_pattern.RankOf) : 0);
        // An alpha of 0 means the initial rank here, but the kept rank in PEFT.
        _alpha = adapter.Alpha > 0 ? adapter.Alpha : _initialRank;
    }

    /// <summary>The scale that readers compute for every matrix.</summary>
    public double Scale => SvdAdapter.ScaleFor(_alpha, _initialRank);

    public byte[] Write()
    {
        var config = new ConfigText(_origin?.Json);
        config.Set("peft_type", "ADALORA");
        config.Set("inference_mode", true);
        config.Set("r", 8);
        config.Set("init_r", _initialRank);
        config.Set("lora_alpha", _alpha);
        config.Set("lora_dropout", _adapter.Dropout);
        config.Set("deltaT", _adapter.MaskInterval);
        config.Set("beta1", _adapter.Beta1);
        config.Set("beta2", _adapter.Beta2);
        config.Set("orth_reg_weight", _adapter.OrthogonalityWeight);
        config.Set("fan_in_fan_out", _adapter.HasTransposedWeights);
        config.Set("rank_pattern", Ranks());
        if (_origin is not SavedAdaLoraConfig)
        {
            config.Set("target_r", _adapter.TargetBudget is { } budget ? (int)Math.Round((double)budget / _adapter.Modules.Count) : _adapter.TargetRank);
            config.Set("target_modules", SavedTargets.Write(_adapter.Modules, _adapter.ModelModules));
            // Fields by which plain LoRA chose these no longer apply.
            foreach (var name in (string[])["alpha_pattern", "exclude_modules", "layers_to_transform", "layers_pattern", "use_rslora"])
                config.Remove(name);
        }

        SetSchedule(config);
        config.SetShared(_adapter, _origin);
        return config.ToBytes();
    }

    // Without a schedule of its own, a loaded adapter keeps the file's. Readers refuse a training without steps.
    private void SetSchedule(ConfigText config)
    {
        if (_adapter.Schedule is not { } schedule)
        {
            if (_origin is SavedAdaLoraConfig)
                return;
            config.Set("total_step", 1);
            config.Set("tinit", 0);
            config.Set("tfinal", 0);
            return;
        }

        config.Set("total_step", schedule.TotalSteps);
        config.Set("tinit", schedule.InitialSteps);
        config.Set("tfinal", schedule.FinalSteps);
    }

    /// <summary>Metadata of the weights: what readers of only the configuration would get wrong.</summary>
    public IReadOnlyDictionary<string, string> Metadata()
    {
        var target = _adapter.FinalBudget;
        var isTold = _adapter.Terms.IsPlain && Ranks() is null && target == Math.Min((long)_adapter.TargetRank * _adapter.Modules.Count, _adapter.HeldTriplets);
        return (_adapter.AreRanksFinal || isTold ? UnsettledRanks.None : new UnsettledRanks(target, _adapter.Terms)).Metadata();
    }

    private JsonObject? Ranks()
    {
        if (!_adapter.IsPatternFinal && _pattern.Names.All(n => _pattern.RankOf(n) == _initialRank))
            return null;
        return new JsonObject(_pattern.Names.Select(name => KeyValuePair.Create(name + ".lora_E", (JsonNode?)Flags(_pattern[name]))));
    }

    private JsonArray Flags(IReadOnlyList<bool> kept) => new([.. Enumerable.Range(0, _initialRank).Select(i => (JsonNode)(i < kept.Count && kept[i]))]);
}
