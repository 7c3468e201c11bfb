using AdaLora.Adapters;
using AdaLora.Training;
using AdaLora.Transformers.Models;
using Microsoft.Extensions.Logging;

namespace AdaLora.Glue;

/// <summary>Plain LoRA at the target rank.</summary>
internal sealed class LoraPrepared : PreparedModel
{
    private readonly SequenceClassifier _model;
    private readonly TrainSettings _settings;
    private readonly Injection _injection;

    public LoraPrepared(SequenceClassifier model, TrainSettings settings)
    {
        _model = model;
        _settings = settings;
        var sites = AdapterInjector.Find(model, AdaptedParts.TargetsOf(settings)).GetSitesOrThrow();
        TrainableSelection.Select(model, sites, AdaptedParts.HeadOf(model).Select(h => h.name), BiasTraining.None).Freeze();
        _injection = AdapterInjector.Inject(model, sites, site => new LoraLinear(site, settings.TargetRank, settings.Alpha, settings.Dropout));
    }

    public override long TrainableParameters => _model.parameters().Where(p => p.requires_grad).Sum(p => p.numel());

    public override IReadOnlyList<ModuleRank> Ranks => [.. _injection.Sites.Select(s => new ModuleRank(s.Path, _settings.TargetRank, _settings.TargetRank))];

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(_model, options, logger);

    public override IReadOnlyList<string> Save(string folder) => TrainedTensors.Write(_model, folder);

    public override void Merge()
    {
        foreach (var adapter in _injection.Adapters.Cast<LoraLinear>())
            adapter.Merge();
        _injection.Detach();
    }

    public override void Dispose()
    {
        _injection.Detach();
        foreach (var adapter in _injection.Adapters)
            adapter.Dispose();
    }
}
