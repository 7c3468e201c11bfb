using AdaLora.Adapters;
using AdaLora.Training;
using AdaLora.Transformers.Models;
using Microsoft.Extensions.Logging;

namespace AdaLora.Glue;

/// <summary>Bottleneck adapters behind some projections of every layer.</summary>
internal sealed class BottleneckPrepared : PreparedModel
{
    private readonly SequenceClassifier _model;
    private readonly Injection _injection;

    /// <param name="model">The classifier.</param>
    /// <param name="settings">The inner width of the adapters and the layers that get them.</param>
    /// <param name="places">Names of the projections, as <see cref="AdaptedParts.TargetsOf(IReadOnlyList{string}, IReadOnlyList{int})"/> takes them.</param>
    public BottleneckPrepared(SequenceClassifier model, TrainSettings settings, IReadOnlyList<string> places)
    {
        _model = model;
        var sites = AdapterInjector.Find(model, AdaptedParts.TargetsOf(places, settings.Layers)).GetSitesOrThrow();
        TrainableSelection.Select(model, sites, AdaptedParts.HeadOf(model).Select(h => h.name), BiasTraining.None).Freeze();
        _injection = AdapterInjector.Inject(model, sites, site => new BottleneckLinear(site, settings.Bottleneck));
    }

    public override long TrainableParameters => _model.parameters().Where(p => p.requires_grad).Sum(p => p.numel());

    public override IReadOnlyList<ModuleRank> Ranks => [];

    public override Trainer CreateTrainer(TrainerOptions options, ILogger logger) => new(_model, options, logger);

    public override IReadOnlyList<string> Save(string folder) => TrainedTensors.Write(_model, folder);

    public override void Dispose()
    {
        _injection.Detach();
        foreach (var adapter in _injection.Adapters)
            adapter.Dispose();
    }
}
