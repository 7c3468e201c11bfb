using AdaLora.Bank;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Targeting;
using AdaLora.Training;
using Microsoft.Extensions.Logging;

namespace AdaLora.Experiments.Methods;

/// <summary>SVD adapters in every targeted layer, pruned to the target rank on average.</summary>
internal sealed class AdaLoraAttachment : MethodAttachment
{
    private readonly AdaLoraModel _adapted;
    private bool _isMerged;

    /// <summary>Loads what <see cref="Save"/> wrote.</summary>
    public AdaLoraAttachment(BaseModel model, string folder) => _adapted = AdaLoraModel.Load(model.Module, folder);

    public AdaLoraAttachment(BaseModel model, RunSettings settings, int initialRank, ILogger logger) =>
        _adapted = AdaLoraModel.Attach(model.Module, OptionsFor(model, settings, initialRank), logger);

    /// <summary>What settings ask for.</summary>
    public static AdaLoraOptions OptionsFor(BaseModel model, RunSettings settings, int initialRank) => new()
    {
        InitialRank = initialRank,
        TargetRank = settings.Get(RunOptions.TargetRank),
        BudgetUnit = BudgetUnits.Of(settings.Get(RunOptions.BudgetUnit)),
        Overrides = LimitsOf(settings),
        Alpha = settings.Get(RunOptions.Alpha),
        RankStabilized = settings.Get(RunOptions.RankStabilized),
        Dropout = settings.Get(RunOptions.Dropout),
        ShareDropout = settings.Get(RunOptions.ShareDropout),
        BasePrecision = settings.Get(RunOptions.BasePrecision),
        Targets = ModelParts.TargetsOf(model, settings),
        TrainedModules = [.. model.NewParts],
        OrthogonalityWeight = settings.Get(RunOptions.Gamma),
        InitialPhase = settings.Get(RunOptions.InitialPhase).ToPhaseLength(),
        FinalPhase = settings.Get(RunOptions.FinalPhase).ToPhaseLength(),
        MaskInterval = settings.Get(RunOptions.MaskInterval),
        Seed = settings.Get(RunOptions.Seed),
        Score = Scores.Of(settings.Get(RunOptions.Score)),
        Initialization = Initializations.Of(settings.Get(RunOptions.Initialization), model),
        LearningRateFactors = new LearningRateFactors { Lambda = settings.Get(RunOptions.LambdaRateFactor), P = settings.Get(RunOptions.LoraPlusRatio) },
    };

    private static ModuleOverrides LimitsOf(RunSettings settings)
    {
        int? least = settings.Get(RunOptions.MinimumRank) is > 0 and var rank ? rank : null;
        var most = settings.Get(RunOptions.MaximumRank);
        return least is null && most is null ? ModuleOverrides.None : ModuleOverrides.None.With("**", minimumRank: least, maximumRank: most);
    }

    public override long TrainableParameters => _adapted.Report().Counts.Trainable;

    public override IReadOnlyList<ModuleRank> Ranks => [.. _adapted.Report().Modules.Select(m => new ModuleRank(m.Name, m.InitialRank, m.LiveRank))];

    public override IReadOnlyDictionary<string, double?> ReadImportance() => _adapted.ReadImportance();

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(_adapted, options, logger);

    public override IReadOnlyList<string> Save(string folder)
    {
        _adapted.Save(folder);
        return [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal)];
    }

    public override void Merge()
    {
        _adapted.MergeAndDetach();
        _isMerged = true;
    }

    public override void Dispose()
    {
        if (!_isMerged)
            _adapted.Detach();
    }
}
