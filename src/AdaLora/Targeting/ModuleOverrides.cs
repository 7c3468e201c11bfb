namespace AdaLora.Targeting;

/// <summary>
/// Initial rank, alpha, the way of attaching, and the least and largest rank for individual modules: an ordered list of rules. Immutable;
/// <see cref="With(string, int?, double?, AttachmentMethod?, int?, int?)"/> returns a longer list.
/// </summary>
/// <remarks>
/// The last rule that matches a name and gives a value wins, separately for each of them: write the general rule first and its exceptions after it.
/// </remarks>
public sealed class ModuleOverrides
{
    private readonly IReadOnlyList<(TargetModules Selection, ModuleOverride Values)> _rules;

    private ModuleOverrides(IReadOnlyList<(TargetModules Selection, ModuleOverride Values)> rules) => _rules = rules;

    /// <summary>No rules.</summary>
    public static ModuleOverrides None { get; } = new([]);

    /// <summary>The number of rules.</summary>
    public int Count => _rules.Count;

    /// <summary>Adds a rule for the modules with a given full name, suffix (see <see cref="TargetModules.Suffixes"/>) or, with wildcards, glob.</summary>
    /// <param name="pattern">A full name, suffix or glob.</param>
    /// <param name="initialRank">The initial rank (0 or more), or null to leave it unchanged.</param>
    /// <param name="alpha">The numerator of the scale (positive), or null to leave it unchanged.</param>
    /// <param name="attachment">How the adapters are attached, or null to leave it unchanged.</param>
    /// <param name="minimumRank">The number of triplets that each of them keeps at every mask at least, whatever its importance (0 or more, at most its initial rank), or null to leave it
    /// unchanged. Together they must fit into the target budget.</param>
    /// <param name="maximumRank">The number of triplets that each of them keeps at every mask at most (1 or more), or null to leave it unchanged. Before the first mask a matrix may hold
    /// more. Together they must leave room for the target budget.</param>
    /// <returns>The longer list.</returns>
    /// <exception cref="ArgumentException">The pattern is invalid, no value is given, or the least rank is above the largest.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rank is below its minimum, alpha is not a positive finite number, or the way of attaching is unknown.</exception>
    public ModuleOverrides With(
        string pattern, int? initialRank = null, double? alpha = null, AttachmentMethod? attachment = null, int? minimumRank = null, int? maximumRank = null)
    {
        var parsed = NamePattern.Parse(pattern);
        return With(parsed.Strength == NameMatch.ByName ? TargetModules.Suffixes(pattern) : TargetModules.Globs(pattern), initialRank, alpha, attachment, minimumRank, maximumRank);
    }

    /// <summary>Adds a rule for any selection of modules.</summary>
    /// <param name="selection">The modules it applies to.</param>
    /// <param name="initialRank">The initial rank (0 or more), or null to leave it unchanged.</param>
    /// <param name="alpha">The numerator of the scale (positive), or null to leave it unchanged.</param>
    /// <param name="attachment">How the adapters are attached, or null to leave it unchanged.</param>
    /// <param name="minimumRank">The number of triplets that each of them keeps at every mask at least, whatever its importance (0 or more, at most its initial rank), or null to leave it
    /// unchanged. Together they must fit into the target budget.</param>
    /// <param name="maximumRank">The number of triplets that each of them keeps at every mask at most (1 or more), or null to leave it unchanged. Before the first mask a matrix may hold
    /// more. Together they must leave room for the target budget.</param>
    /// <returns>The longer list.</returns>
    /// <exception cref="ArgumentException">No value is given, or the least rank is above the largest.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A rank is below its minimum, alpha is not a positive finite number, or the way of attaching is unknown.</exception>
    public ModuleOverrides With(
        TargetModules selection, int? initialRank = null, double? alpha = null, AttachmentMethod? attachment = null, int? minimumRank = null, int? maximumRank = null)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var values = new ModuleOverride { InitialRank = initialRank, Alpha = alpha, Attachment = attachment, MinimumRank = minimumRank, MaximumRank = maximumRank };
        if (values == default)
            throw new ArgumentException($"The rule for {selection} gives neither an initial rank nor an alpha nor a way of attaching nor a least or largest rank.", nameof(initialRank));

        if (initialRank is { } rank)
            ArgumentOutOfRangeException.ThrowIfNegative(rank, nameof(initialRank));

        if (alpha is { } value && !(double.IsFinite(value) && value > 0))
            throw new ArgumentOutOfRangeException(nameof(alpha), value, "Alpha must be a positive finite number.");

        if (attachment is { } method && !Enum.IsDefined(method))
            throw new ArgumentOutOfRangeException(nameof(attachment), method, "Unknown way of attaching.");

        if (minimumRank is { } least)
            ArgumentOutOfRangeException.ThrowIfNegative(least, nameof(minimumRank));

        if (maximumRank is { } most)
            ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(maximumRank));

        if (minimumRank > maximumRank)
            throw new ArgumentException($"The rule for {selection} asks for at least {minimumRank} and at most {maximumRank} triplets.", nameof(minimumRank));

        return new([.. _rules, (selection, values)]);
    }

    /// <summary>The values that apply to one module.</summary>
    /// <param name="names">The dotted names it goes by.</param>
    /// <returns>The values; null where no rule gives one.</returns>
    internal ModuleOverride Resolve(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return _rules.Where(rule => names.Any(rule.Selection.Matches)).Aggregate(default(ModuleOverride), (found, rule) => rule.Values.Over(found));
    }

    /// <summary>The rules that apply to no module, most likely because of a typo.</summary>
    /// <param name="names">The dotted names of all adapted modules.</param>
    /// <returns>Their descriptions, in order.</returns>
    public IReadOnlyList<string> Unused(IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var all = names.ToArray();
        return [.. _rules.Where(rule => !all.Any(rule.Selection.Matches)).Select(rule => rule.Selection.ToString())];
    }

    /// <summary>Describes the overrides in words.</summary>
    /// <returns>The rules in order, or <c>none</c>.</returns>
    public override string ToString() => Count == 0 ? "none" : string.Join("; ", _rules.Select(rule => $"{rule.Selection}: {rule.Values}"));
}
