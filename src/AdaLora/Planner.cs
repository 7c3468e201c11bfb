using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Internals.Cpu;
using AdaLora.Targeting;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>Turns a survey into a plan for the reader.</summary>
internal static class Planner
{
    public static AdaptationPlan Plan(nn.Module model, AdaLoraOptions options)
    {
        var problems = new List<string>();
        try
        {
            options.Validate();
        }
        catch (ArgumentException e)
        {
            problems.Add(e.Message);
        }

        // With numbers out of range, the layers can still be examined; with something missing, they cannot.
        if (options is not { Targets: not null, Overrides: not null, TrainedModules: not null, TrainedRows: not null } || options.TrainedModules.Any(string.IsNullOrWhiteSpace))
            return new AdaptationPlan { Problems = problems };
        var survey = new AttachmentSurvey(model, problems.Count == 0 ? options : NamesOf(options));
        problems.AddRange(survey.Problems.Select(problem => problem.Message));
        var parameters = ModuleNode.WalkOriginal(model).SelectMany(node => node.Module.named_parameters(recurse: false)).Select(own => (Tensor)own.parameter).ToList();
        var selected = survey.Selection?.Parameters ?? [];
        return new AdaptationPlan
        {
            Adapters = [.. survey.Sites.Select(site => Adapter(survey, site))],
            NotAdapted = NotAdapted(model, survey),
            TrainedInFull = [.. selected.Select(p => p.Name), .. survey.Rows.Select(site => site.TrainedName)],
            TargetBudget = options.TargetBudgetFor(survey.Terms, survey.Layout?.Shapes ?? []),
            BudgetUnit = survey.Terms.Unit,
            ModelParameters = MemoryRange.CountEntries(parameters),
            TrainedInFullParameters = MemoryRange.CountEntries(selected.Select(p => p.Parameter)) + survey.Rows.Sum(site => site.Entries),
            LearningRateFactors = options.LearningRateFactors ?? LearningRateFactors.Equal,
            Problems = problems,
            Warnings = Warnings(model, survey),
        };
    }

    private static AdaLoraOptions NamesOf(AdaLoraOptions options) => new()
    {
        InitialRank = Math.Max(0, options.InitialRank),
        Targets = options.Targets,
        Overrides = options.Overrides,
        BudgetUnit = Enum.IsDefined(options.BudgetUnit) ? options.BudgetUnit : BudgetUnit.Triplets,
        TrainedModules = options.TrainedModules,
        Biases = Enum.IsDefined(options.Biases) ? options.Biases : BiasTraining.None,
        Attachment = Enum.IsDefined(options.Attachment) ? options.Attachment : AttachmentMethod.Automatic,
    };

    private static PlannedAdapter Adapter(AttachmentSurvey survey, InjectionSite site)
    {
        var (rank, alpha) = (survey.RankOf(site), survey.AlphaOf(site));
        return new(site.Path, TypeNames.Of(site.Owner.GetType()), site.Adaptable.OutFeatures, site.Adaptable.InFeatures, rank, survey.Terms.LimitsOf(site.Path), alpha > 0 ? alpha : rank,
            survey.ScaleOf(site), site.Way);
    }

    private static List<UnadaptedModule> NotAdapted(nn.Module model, AttachmentSurvey survey)
    {
        var nodes = ModuleNode.Walk(model);
        var places = nodes.Select((node, place) => (node, place)).GroupBy(n => n.node.DisplayPath, StringComparer.Ordinal).ToDictionary(n => n.Key, n => n.First(), StringComparer.Ordinal);
        return
        [
            .. survey.Refused.Select(site => (Site: site, IsRefused: true)).Concat(survey.Skipped.Concat(survey.LeftOut).Select(site => (Site: site, IsRefused: false)))
                .OrderBy(s => places.TryGetValue(s.Site.Path, out var found) ? found.place : int.MaxValue)
                .Select(s => Module(s.Site, places.TryGetValue(s.Site.Path, out var found) ? found.node.Module : null, s.IsRefused)),
        ];
    }

    private static UnadaptedModule Module(RefusedSite site, nn.Module? module, bool isRefused)
    {
        // An unregistered module is not found by its name.
        var kind = module is null ? "not registered" : TypeNames.Of(module.GetType());
        var size = module is not null && AdapterKinds.Describe(module) is { } layer ? $"{layer.OutFeatures} x {layer.InFeatures}" : "";
        return new(site.Path, kind, size, site.DeclaringType is null ? site.Reason : site.ToString()[(ReadableName.Of(site.Path).Length + 2)..], isRefused);
    }

    private static List<string> Warnings(nn.Module model, AttachmentSurvey survey)
    {
        var log = new WarningList();
        AdapterAttachment.Warn(survey, log);
        var scales = survey.Sites.Where(site => survey.RankOf(site) > 0).Select(survey.ScaleOf).ToList();
        log.Warnings.AddRange(survey.Schedule is { } schedule ? OptionWarnings.Of(schedule, survey.Allocation, scales) : []);
        using var buffers = new BaseBuffers(model, survey.Sites, survey.Selection?.FullyTrainedModules ?? []);
        AdapterAttachment.WarnOfStatistics(buffers.ModulesWithStatistics, log);
        return log.Warnings;
    }

    private sealed class WarningList : ILogger
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Warnings.Add(formatter(state, exception));
    }
}
