using AdaLora.Targeting;

namespace AdaLora.Injection;

/// <summary>What <see cref="AdapterInjector.Find"/> found in a model.</summary>
public sealed class InjectionPlan
{
    internal InjectionPlan(
        IReadOnlyList<InjectionSite> sites,
        IReadOnlyList<RefusedSite> refused,
        IReadOnlyList<RefusedSite> skipped,
        IReadOnlyList<string> unmatchedPatterns,
        IReadOnlyList<string> unmatchedExclusions)
    {
        Sites = sites;
        Refused = refused;
        Skipped = skipped;
        UnmatchedPatterns = unmatchedPatterns;
        UnmatchedExclusions = unmatchedExclusions;
    }

    /// <summary>The layers that can be replaced, each once, parents before children and these in registration order.</summary>
    public IReadOnlyList<InjectionSite> Sites { get; }

    /// <summary>Targeted layers that cannot carry an adapter: an error (see <see cref="GetSitesOrThrow"/>).</summary>
    public IReadOnlyList<RefusedSite> Refused { get; }

    /// <summary>
    /// Modules with linear maps inside that only <see cref="TargetModules.AllLinear"/> selects and that cannot be adapted, such as MultiheadAttention:
    /// no error, but worth a line in the log.
    /// </summary>
    public IReadOnlyList<RefusedSite> Skipped { get; }

    /// <summary>Patterns of the targets that select no layer at all, most likely mistyped, while others do.</summary>
    public IReadOnlyList<string> UnmatchedPatterns { get; }

    /// <summary>Patterns by which the targets take something away and that match no module at all, most likely mistyped too.</summary>
    public IReadOnlyList<string> UnmatchedExclusions { get; }

    /// <summary>The sites, if every targeted layer has one.</summary>
    /// <returns><see cref="Sites"/>.</returns>
    /// <exception cref="InjectionException">A targeted layer was refused; the message lists all of them.</exception>
    public IReadOnlyList<InjectionSite> GetSitesOrThrow() => Refused.Count == 0 ? Sites : throw new InjectionException(Refused);
}
