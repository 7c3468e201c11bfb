namespace AdaLora.Injection;

/// <summary>What <see cref="AdapterInjector.Find"/> found in a model.</summary>
internal sealed class InjectionPlan
{
    internal InjectionPlan(
        IReadOnlyList<InjectionSite> sites,
        IReadOnlyList<RefusedSite> refused,
        IReadOnlyList<RefusedSite> skipped,
        IReadOnlyList<RefusedSite> leftOut,
        IReadOnlyList<string> unmatchedPatterns,
        IReadOnlyList<string> unmatchedExclusions,
        string? nothing)
    {
        Sites = sites;
        Refused = refused;
        Skipped = skipped;
        LeftOut = leftOut;
        Nothing = nothing;
        UnmatchedPatterns = unmatchedPatterns;
        UnmatchedExclusions = unmatchedExclusions;
    }

    /// <summary>The layers that can be replaced, each once, parents before children and siblings in registration order.</summary>
    public IReadOnlyList<InjectionSite> Sites { get; }

    /// <summary>Targeted layers that cannot carry an adapter: an error (see <see cref="GetSitesOrThrow"/>).</summary>
    public IReadOnlyList<RefusedSite> Refused { get; }

    /// <summary>
    /// Modules containing matrices that the targets cover without naming them and that cannot be adapted, such as MultiheadAttention, LSTM, a module with its own matrix, or an unregistered module:
    /// not an error, but worth a log message.
    /// </summary>
    public IReadOnlyList<RefusedSite> Skipped { get; }

    /// <summary>Layers that could carry an adapter, and other modules with matrices, that the targets do not select, and why not.</summary>
    public IReadOnlyList<RefusedSite> LeftOut { get; }

    /// <summary>Patterns of the targets that select no layer at all, most likely because of a typo, while others do.</summary>
    public IReadOnlyList<string> UnmatchedPatterns { get; }

    /// <summary>Patterns with which the targets exclude something but that match no module at all, most likely also because of a typo.</summary>
    public IReadOnlyList<string> UnmatchedExclusions { get; }

    /// <summary>The message for targets that select nothing; null if they select something.</summary>
    internal string? Nothing { get; }

    /// <summary>The sites, provided that no targeted layer was refused.</summary>
    /// <returns><see cref="Sites"/>.</returns>
    /// <exception cref="InjectionException">A targeted layer was refused; the message lists all of them.</exception>
    public IReadOnlyList<InjectionSite> GetSitesOrThrow() => Refused.Count == 0 ? Sites : throw new InjectionException(Refused);
}
