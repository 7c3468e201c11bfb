using AdaLora.Training;
using AdaLora.Transformers.Heads;
using Microsoft.Extensions.Logging;

namespace AdaLora.Glue;

/// <summary>SVD adapters in every targeted layer, pruned to the target rank on average.</summary>
internal sealed class AdaLoraPrepared : PreparedModel
{
    private readonly AdaLoraModel _adapted;
    private bool _isMerged;

    /// <summary>Loads what <see cref="Save"/> has written.</summary>
    public AdaLoraPrepared(SequenceClassifier model, string folder) => _adapted = AdaLoraModel.Load(model, folder);

    public AdaLoraPrepared(SequenceClassifier model, TrainSettings settings, int initialRank, ILogger logger) =>
        _adapted = AdaLoraModel.Attach(
            model,
            new AdaLoraOptions
            {
                InitialRank = initialRank,
                TargetRank = settings.TargetRank,
                Alpha = settings.Alpha,
                Dropout = settings.Dropout,
                ShareDropout = settings.ShareDropout,
                BasePrecision = settings.BasePrecision,
                Targets = AdaptedParts.TargetsOf(settings),
                TrainedModules = [.. AdaptedParts.HeadOf(model).Select(h => h.name)],
                OrthogonalityWeight = settings.Gamma,
                InitialPhase = settings.InitialPhase.ToPhaseLength(),
                FinalPhase = settings.FinalPhase.ToPhaseLength(),
                MaskInterval = settings.DeltaT,
                Seed = settings.Seed,
            },
            logger);

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
