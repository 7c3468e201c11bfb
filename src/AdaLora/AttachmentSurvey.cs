using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Injection;
using AdaLora.Internals.Cpu;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>Everything decided before a model is changed, and what stands in the way: attaching carries it out, and <see cref="AdaLoraModel.Plan"/> shows it. The model is not changed.</summary>
internal sealed class AttachmentSurvey
{
    private readonly AdaLoraOptions _options;
    private readonly Blueprint? _blueprint;
    private readonly List<Exception> _problems = [];
    private readonly InjectionPlan? _found;

    /// <param name="model">The model.</param>
    /// <param name="options">How to adapt it; targets, overrides and names must be set, numbers may be anything.</param>
    /// <param name="blueprint">What a saved adapter prescribes.</param>
    public AttachmentSurvey(nn.Module model, AdaLoraOptions options, Blueprint? blueprint = null)
    {
        _options = options;
        _blueprint = blueprint;
        using var scope = NewDisposeScope();
        var trained = Try<IReadOnlyList<NamePattern>>(() => [.. blueprint?.TrainedModules.Select(NamePattern.Exact) ?? options.TrainedModules.Select(NamePattern.Parse)]);
        var inFull = trained is null ? null : Try(() => TrainableSelection.SelectMatching(model, [], trained, BiasTraining.None));
        var suggested = options.Targets.For(model as ISuggestsTargets);
        var targets = inFull is { FullyTrainedModules.Count: > 0 } ? suggested.Without(inFull.FullyTrainedModules) : suggested;
        _found = Try(() => new SiteFinder(model, targets, AdapterKinds.Describe, new WayFinder(model, MethodOf, name => blueprint?.Ranks.ContainsKey(name) == true)).Find());
        if (_found is { Nothing: { } nothing })
            _problems.Add(new InjectionException(nothing));
        if (_found is { Refused: { Count: > 0 } refused })
            _problems.Add(new InjectionException(refused));
        Dtype = Sites.Any(s => s.Adaptable.Weight.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        if (inFull is not null)
            Selection = Try(() => TrainableSelection.SelectMatching(model, Sites, trained!, options.Biases));
        Rows = Try(() => RowSite.Find(model, options.TrainedRows, Sites, Selection?.Parameters.Select(p => (Tensor)p.Parameter) ?? [])) ?? [];
        RequireOneDevice();
        RequireOwnWeights(model);
        RequireSeparateWeights();
        Layout = Try(() => BankLayout.Create(Sites.Select(s => new TripletShape(s.Path, s.Adaptable.OutFeatures, s.Adaptable.InFeatures, RankOf(s)))));
        Terms = options.TermsFor(Sites.Select(site => (site.Path, site.Names)));
        if (Layout is not null && Sites.Count > 0)
            RequireLimits(Layout);
        if (Layout is not null && Sites.Count > 0 && options.TotalSteps is { } total)
            Schedule = Try(() => options.ScheduleFor(Layout, Terms, total));
    }

    /// <summary>What would make attaching fail, in the order in which it would occur.</summary>
    public IReadOnlyList<Exception> Problems => _problems;

    public IReadOnlyList<InjectionSite> Sites => _found?.Sites ?? [];

    public IReadOnlyList<RefusedSite> Refused => _found?.Refused ?? [];

    public IReadOnlyList<RefusedSite> Skipped => _found?.Skipped ?? [];

    public IReadOnlyList<RefusedSite> LeftOut => _found?.LeftOut ?? [];

    public IReadOnlyList<string> UnmatchedPatterns => _found?.UnmatchedPatterns ?? [];

    public IReadOnlyList<string> UnmatchedExclusions => _found?.UnmatchedExclusions ?? [];

    public IReadOnlyList<string> UnusedOverrides => _options.Overrides.Unused(Sites.SelectMany(s => s.Names));

    /// <summary>What gets an adapter without the dropout that the options ask for.</summary>
    public IReadOnlyList<string> WithoutDropout => _options.Dropout > 0 ? [.. Sites.Where(s => s.IsMaterialized).Select(s => s.Path)] : [];

    /// <summary>What is trained in full; null when it cannot be.</summary>
    public TrainableSelection? Selection { get; }

    /// <summary>The rows of tables that are trained by themselves.</summary>
    public IReadOnlyList<RowSite> Rows { get; }

    /// <summary>Where the triplets will be placed; null if that is impossible.</summary>
    public BankLayout? Layout { get; }

    /// <summary>What triplets cost, and the limits of matrices.</summary>
    public AllocationTerms Terms { get; }

    /// <summary>bT, in the unit of the options.</summary>
    public int TargetBudget => _options.TargetBudgetFor(Terms, Layout?.Shapes ?? []);

    /// <summary>What a mask does.</summary>
    public AllocationStrategy Allocation => _options.Allocation;

    /// <summary>The budget over time; null if the number of steps is unknown or does not fit.</summary>
    public BudgetSchedule? Schedule { get; }

    /// <summary>The element type of the triplets.</summary>
    public ScalarType Dtype { get; }

    public int RankOf(InjectionSite site) => _blueprint?.Ranks[site.Path] ?? _options.Overrides.Resolve(site.Names).InitialRank ?? _options.InitialRank;

    /// <summary>The numerator of the scale; 0 stands for the rank.</summary>
    public double AlphaOf(InjectionSite site) => _options.Overrides.Resolve(site.Names).Alpha ?? _options.Alpha;

    public double ScaleOf(InjectionSite site) => _blueprint?.Scales[site.Path]
        ?? (_options.RankStabilized ? SvdAdapter.StabilizedScaleFor(AlphaOf(site), RankOf(site)) : SvdAdapter.ScaleFor(AlphaOf(site), RankOf(site)));

    /// <exception cref="ArgumentException">Options do not fit the model.</exception>
    /// <exception cref="InjectionException">Layers cannot be replaced.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
            ExceptionDispatchInfo.Throw(_problems[0]);
    }

    private void RequireOwnWeights(nn.Module model)
    {
        if (_options.BasePrecision is { ReplacesWeights: true } precision && WeightSharing.FindFaults(model, [.. Sites.Where(TakesPrecision)]) is { Count: > 0 } faults)
            _problems.Add(new InjectionException($"Weights cannot be replaced by {precision} weights: {string.Join("; ", faults)}. Exclude these layers from the targets, or choose another precision."));
    }

    /// <summary>Whether the base precision applies.</summary>
    public static bool TakesPrecision(InjectionSite site) => site.Way.Method == AttachmentMethod.Replace && site.Adaptable.TakesPrecision;

    private AttachmentMethod MethodOf(IReadOnlyList<string> names) =>
        _blueprint is not null && names.Any(_blueprint.Materialised.Contains) ? AttachmentMethod.Materialise : _options.AttachmentOf(names);

    // A weight that holds a product must not be the base weight of another adapter, too.
    private void RequireSeparateWeights()
    {
        foreach (var site in Sites.Where(s => s.IsMaterialized))
        {
            var others = Sites.Where(other => !ReferenceEquals(other, site) && MemoryRange.IsShared(other.Adaptable.Weight, site.Adaptable.Weight)).Select(other => $"'{other.Path}'").ToList();
            if (others.Count > 0)
            {
                _problems.Add(new InjectionException(
                    $"'{site.Path}' is to hold the product of its adapter, but its weight is also that of {string.Join(", ", others)}, which would get another. Exclude all but one of them from the targets."));
            }
        }
    }

    private void RequireLimits(BankLayout layout)
    {
        if (Terms.Problems(layout.Shapes, TargetBudget, _options.Allocation).ToList() is { Count: > 0 } problems)
            _problems.Add(new ArgumentException($"The limits of ranks in {nameof(AdaLoraOptions.Overrides)} cannot be kept: {string.Join("; ", problems)}."));
    }

    private void RequireOneDevice()
    {
        var devices = Sites.Select(s => s.Adaptable.Weight.device.ToString()).Distinct(StringComparer.Ordinal).ToList();
        if (devices.Count > 1)
            _problems.Add(new InjectionException($"The targeted layers are on several devices ({string.Join(", ", devices)}); adapters share one bank on one device. Move the model to one device first."));
    }

    private T? Try<T>(Func<T> decide)
        where T : class
    {
        try
        {
            return decide();
        }
        catch (Exception e) when (e is ArgumentException or InjectionException or RegexMatchTimeoutException)
        {
            _problems.Add(e);
            return null;
        }
    }
}
