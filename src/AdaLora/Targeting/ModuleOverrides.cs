namespace AdaLora.Targeting;

/// <summary>
/// Initial rank, alpha and the way of attaching for individual modules: an ordered list of rules. Immutable; <see cref="With(string, int?, double?, AttachmentMethod?)"/> returns a longer list.
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
    /// <returns>The longer list.</returns>
    /// <exception cref="ArgumentException">The pattern is invalid, or no value is given.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is negative, alpha is not a positive finite number, or the way of attaching is unknown.</exception>
    public ModuleOverrides With(string pattern, int? initialRank = null, double? alpha = null, AttachmentMethod? attachment = null)
    {
        var parsed = NamePattern.Parse(pattern);
        return With(parsed.Strength == NameMatch.ByName ? TargetModules.Suffixes(pattern) : TargetModules.Globs(pattern), initialRank, alpha, attachment);
    }

    /// <summary>Adds a rule for any selection of modules.</summary>
    /// <param name="selection">The modules it applies to.</param>
    /// <param name="initialRank">The initial rank (0 or more), or null to leave it unchanged.</param>
    /// <param name="alpha">The numerator of the scale (positive), or null to leave it unchanged.</param>
    /// <param name="attachment">How the adapters are attached, or null to leave it unchanged.</param>
    /// <returns>The longer list.</returns>
    /// <exception cref="ArgumentException">No value is given.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The rank is negative, alpha is not a positive finite number, or the way of attaching is unknown.</exception>
    public ModuleOverrides With(TargetModules selection, int? initialRank = null, double? alpha = null, AttachmentMethod? attachment = null)
    {
        ArgumentNullException.ThrowIfNull(selection);
        if (initialRank is null && alpha is null && attachment is null)
            throw new ArgumentException($"The rule for {selection} gives neither an initial rank nor an alpha nor a way of attaching.", nameof(initialRank));

        if (initialRank is { } rank)
            ArgumentOutOfRangeException.ThrowIfNegative(rank, nameof(initialRank));

        if (alpha is { } value && !(double.IsFinite(value) && value > 0))
            throw new ArgumentOutOfRangeException(nameof(alpha), value, "Alpha must be a positive finite number.");

        if (attachment is { } method && !Enum.IsDefined(method))
            throw new ArgumentOutOfRangeException(nameof(attachment), method, "Unknown way of attaching.");

        return new([.. _rules, (selection, new ModuleOverride(initialRank, alpha, attachment))]);
    }

    /// <summary>The values that apply to one module.</summary>
    /// <param name="names">The dotted names it goes by.</param>
    /// <returns>The values; null where no rule gives one.</returns>
    internal ModuleOverride Resolve(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return _rules
            .Where(rule => names.Any(rule.Selection.Matches))
            .Aggregate(default(ModuleOverride), (found, rule) =>
                new ModuleOverride(rule.Values.InitialRank ?? found.InitialRank, rule.Values.Alpha ?? found.Alpha, rule.Values.Attachment ?? found.Attachment));
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
    public override string ToString() => Count == 0 ? "none" : string.Join("; ", _rules.Select(rule => $"{rule.Selection}: {Describe(rule.Values)}"));

    private static string Describe(ModuleOverride values)
    {
        string?[] given =
        [
            values.InitialRank is { } rank ? $"rank {rank}" : null,
            values.Alpha is { } alpha ? FormattableString.Invariant($"alpha {alpha}") : null,
            values.Attachment is { } attachment ? $"attachment {attachment}" : null,
        ];
        return string.Join(", ", given.OfType<string>());
    }
}
