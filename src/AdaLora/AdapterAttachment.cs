using AdaLora.Adapters;
using AdaLora.Adapters.Dropout;
using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.Initialization;
using AdaLora.Injection;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The steps of <see cref="AdaLoraModel.Attach"/>: find the layers, lay out the bank, replace the layers, freeze the rest.</summary>
internal sealed partial class AdapterAttachment(nn.Module model, AdaLoraOptions options, ILogger logger, Blueprint? blueprint = null, AdapterOrigin? origin = null)
{
    public AdaLoraModel Build()
    {
        var survey = new AttachmentSurvey(model, options, blueprint);
        survey.ThrowIfAny();
        Warn(survey, logger);
        var (sites, selection) = (survey.Sites, survey.Selection!);
        var bank = CreateBank(survey);
        InjectedLayers? injection = null;
        var rows = new List<RowTraining>();
        try
        {
            var activity = new AdapterActivity { Sharing = options.ShareDropout ? new DropoutSharing() : null };
            injection = AdapterInjector.Inject(model, sites, site => CreateAdapter(survey, site, bank, activity));
            selection.Freeze();
            rows.AddRange(survey.Rows.Select(site => new RowTraining(site)));
            var adapted = new AdaLoraModel(options, injection, selection, rows, activity, bank, logger, origin);
            if (blueprint is null)
                WarnOfStatistics(adapted.ModulesWithStatistics, logger);
            injection.RequireGradients();
            rows.ForEach(own => own.Write(trained: true));
            // Last, because rounding cannot be undone.
            adapted.TakeOverWeights();
            return adapted;
        }
        catch
        {
            rows.ForEach(own => own.Release());
            selection.Restore();
            injection?.Detach();
            rows.ForEach(own => own.Dispose());
            bank.Dispose();
            throw;
        }
    }

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "Not adapted: {Site}")]
    private static partial void LogSkipped(ILogger logger, string site);

    [LoggerMessage(EventId = 8, Level = LogLevel.Warning, Message =
        "Training will change the running statistics of {Modules}: they are saved with the adapter, and restored when it is detached. Train these modules in full to adapt their weights as well")]
    private static partial void LogStatistics(ILogger logger, string modules);

    [LoggerMessage(EventId = 3, Level = LogLevel.Warning, Message = "{Pattern} in {Option} matches no adapted layer")]
    private static partial void LogUnused(ILogger logger, string option, string pattern);

    [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "{Pattern} in {Option} excludes nothing: the model has no such module")]
    private static partial void LogExcludesNothing(ILogger logger, string option, string pattern);

    [LoggerMessage(EventId = 18, Level = LogLevel.Warning, Message =
        "There is no dropout in {Modules}: their weights hold the adapters' products, so that nothing is in front of Q")]
    private static partial void LogNoDropout(ILogger logger, string modules);

    /// <summary>Logs what is left out or matches nothing.</summary>
    public static void Warn(AttachmentSurvey survey, ILogger logger)
    {
        foreach (var skipped in survey.Skipped)
            LogSkipped(logger, skipped.ToString());
        foreach (var pattern in survey.UnmatchedPatterns)
            LogUnused(logger, nameof(AdaLoraOptions.Targets), pattern);
        foreach (var pattern in survey.UnmatchedExclusions)
            LogExcludesNothing(logger, nameof(AdaLoraOptions.Targets), pattern);
        if (survey.WithoutDropout is { Count: > 0 } undropped)
            LogNoDropout(logger, string.Join(", ", undropped));
        foreach (var rule in survey.UnusedOverrides)
            LogUnused(logger, nameof(AdaLoraOptions.Overrides), rule);
    }

    /// <summary>Logs which modules training will change without being asked to.</summary>
    public static void WarnOfStatistics(IReadOnlyList<string> modules, ILogger logger)
    {
        if (modules.Count > 0)
            LogStatistics(logger, string.Join(", ", modules));
    }

    // What is saved has ranks and values of its own.
    private TripletBank CreateBank(AttachmentSurvey survey)
    {
        using var scope = NewDisposeScope();
        var layers = survey.Sites.Select(s => new StartingLayer(s.Path, s.Adaptable, survey.RankOf(s), survey.Terms.LimitsOf(s.Path).Minimum ?? 0));
        var start = blueprint is null ? options.Initialization.Prepare(model, [.. layers]) : StartingTriplets.None;
        var bank = TripletBank.Create(start.Apply(survey.Layout!), survey.Dtype, survey.Sites[0].Adaptable.Weight.device);
        var draws = survey.Sites.ToDictionary(s => s.Path, s => options.Initialization.DrawFor(s.Adaptable), StringComparer.Ordinal);
        bank.Initialize(name => draws[name], options.Seed);
        start.Fill(bank);
        return bank;
    }

    private SvdAdapter CreateAdapter(AttachmentSurvey survey, InjectionSite site, TripletBank bank, AdapterActivity activity) =>
        site.Adaptable.Adapt(new AdapterParts(bank, bank.Layout[site.Path], survey.ScaleOf(site), options.Dropout, activity,
            AttachmentSurvey.TakesPrecision(site) ? options.BasePrecision : BasePrecision.AsLoaded));
}
