using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Targeting;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The steps of <see cref="AdaLoraModel.Attach"/>: find the layers, lay out the bank, replace the layers, freeze the rest.</summary>
internal sealed partial class Attachment(nn.Module model, AdaLoraOptions options, ILogger logger, Blueprint? blueprint = null, AdapterOrigin? origin = null)
{
    private readonly IReadOnlyList<NamePattern> _trained = [.. blueprint?.TrainedModules.Select(NamePattern.Exact) ?? options.TrainedModules.Select(NamePattern.Parse)];

    public AdaLoraModel Build()
    {
        var sites = FindSites();
        var selection = TrainableSelection.SelectMatching(model, sites, _trained, options.Biases);
        var bank = CreateBank(sites);
        InjectedLayers? injection = null;
        try
        {
            var activity = new AdapterActivity { Sharing = options.ShareDropout ? new DropoutSharing() : null };
            injection = AdapterInjector.Inject(model, sites, site => CreateAdapter(site, bank, activity));
            selection.Freeze();
            var adapted = new AdaLoraModel(options, injection, selection, activity, bank, logger, origin);
            if (blueprint is null && adapted.ModulesWithStatistics is { Count: > 0 } changing)
                LogStatistics(logger, string.Join(", ", changing));
            return adapted;
        }
        catch
        {
            selection.Restore();
            injection?.Detach();
            bank.Dispose();
            throw;
        }
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Not adapted: {Site}")]
    private static partial void LogSkipped(ILogger logger, string site);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message = "Training will change the running statistics of {Modules}: they are saved with the adapter, and put back when it is detached. Train these modules in full to adapt their weights as well")]
    private static partial void LogStatistics(ILogger logger, string modules);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Pattern} in {Option} matches no adapted layer")]
    private static partial void LogUnused(ILogger logger, string option, string pattern);

    [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "{Pattern} in {Option} excludes nothing: the model has no such module")]
    private static partial void LogExcludesNothing(ILogger logger, string option, string pattern);

    private IReadOnlyList<InjectionSite> FindSites()
    {
        var plan = AdapterInjector.Find(model, ExcludeTrainedInFull(options.Targets));
        var sites = plan.GetSitesOrThrow();
        foreach (var skipped in plan.Skipped)
            LogSkipped(logger, skipped.ToString());
        foreach (var pattern in plan.UnmatchedPatterns)
            LogUnused(logger, nameof(AdaLoraOptions.Targets), pattern);
        foreach (var pattern in plan.UnmatchedExclusions)
            LogExcludesNothing(logger, nameof(AdaLoraOptions.Targets), pattern);
        foreach (var rule in options.Overrides.Unused(sites.Select(s => s.Path)))
            LogUnused(logger, nameof(AdaLoraOptions.Overrides), rule);
        return sites;
    }

    // What is trained in full needs no adapter, so that a new classifier need not be excluded by hand.
    private TargetModules ExcludeTrainedInFull(TargetModules targets)
    {
        if (_trained.Count == 0)
            return targets;
        return targets.Without([.. TrainableSelection.SelectMatching(model, [], _trained, BiasTraining.None).FullyTrainedModules]);
    }

    private TripletBank CreateBank(IReadOnlyList<InjectionSite> sites)
    {
        var weights = sites.Select(s => s.Projection.Weight).ToList();
        var devices = weights.Select(w => w.device.ToString()).Distinct(StringComparer.Ordinal).ToList();
        if (devices.Count > 1)
            throw new InjectionException($"The targeted layers are on several devices ({string.Join(", ", devices)}); adapters share one bank on one device. Move the model to one device first.");

        var layout = BankLayout.Create(sites.Select(s => new TripletShape(s.Path, s.Projection.OutFeatures, s.Projection.InFeatures, RankOf(s))));
        var dtype = weights.Any(w => w.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        var bank = TripletBank.Create(layout, dtype, weights[0].device);
        bank.Initialize(options.InitializationStandardDeviation, options.Seed);
        return bank;
    }

    private SvdLinear CreateAdapter(InjectionSite site, TripletBank bank, AdapterActivity activity) =>
        new(site.Layer, site.Projection, bank, bank.Layout[site.Path], ScaleOf(site), options.Dropout, activity, options.BasePrecision);

    private double ScaleOf(InjectionSite site) =>
        blueprint?.Scales[site.Path] ?? SvdLinear.ScaleFor(options.Overrides.Resolve(site.Path).Alpha ?? options.Alpha, RankOf(site));

    private int RankOf(InjectionSite site) => blueprint?.Ranks[site.Path] ?? options.Overrides.Resolve(site.Path).InitialRank ?? options.InitialRank;
}
