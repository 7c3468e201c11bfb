using System.Globalization;
using AdaLora.Adapters;

namespace AdaLora.Targeting;

/// <summary>
/// Chooses, by dotted module name (<c>encoder.layer.0.attention.query</c>), the layers that get adapters. Immutable; every method returns a new selection.
/// </summary>
/// <remarks>
/// Only layers that can carry an adapter count (see <see cref="IProjection"/>). A suffix names individual layers, including convolutions and embeddings, so a module of another
/// kind that it matches is refused; globs and regular expressions describe regions, from which only the linear layers are taken.
/// </remarks>
public sealed class TargetModules
{
    private readonly Func<string, NameVerdict> _judge;
    private readonly string _description;

    private TargetModules(string description, IReadOnlyList<NamePattern> patterns, IReadOnlyList<NamePattern> exclusions, Func<string, NameVerdict> judge)
    {
        _description = description;
        _judge = judge;
        Patterns = patterns;
        Exclusions = exclusions;
    }

    /// <summary>Every linear layer of the model, including output heads. Convolutions and embeddings are adapted only if they are named: see <see cref="Suffixes"/>.</summary>
    public static TargetModules AllLinear { get; } = new("all linear layers", [], [], _ => NameMatch.ByKind);

    /// <summary>
    /// The layers that the model itself suggests, if it is an <see cref="ISuggestsTargets"/>; otherwise <see cref="AllLinear"/>. Combined with another selection, it stands for
    /// <see cref="AllLinear"/>.
    /// </summary>
    public static TargetModules Suggested { get; } = new("the layers that the model suggests, or all linear layers", [], [], _ => NameMatch.ByKind);

    /// <summary>The patterns that select something, as opposed to those that only exclude.</summary>
    internal IReadOnlyList<NamePattern> Patterns { get; }

    /// <summary>The patterns that exclude something.</summary>
    internal IReadOnlyList<NamePattern> Exclusions { get; }

    /// <summary>Modules whose name equals a suffix or ends with a dot and the suffix: <c>output.dense</c> also selects <c>attention.output.dense</c>.</summary>
    /// <param name="suffixes">One or more suffixes of whole dotted segments, without wildcards.</param>
    /// <returns>The selection.</returns>
    /// <exception cref="ArgumentException">No suffix is given, or one is empty, has an empty segment or contains a wildcard.</exception>
    public static TargetModules Suffixes(params string[] suffixes) => FromPatterns(suffixes, NamePattern.Suffix);

    /// <summary>
    /// Modules whose whole name matches a glob: <c>?</c> is one character and <c>*</c> any number of characters within a segment, <c>**</c> any number
    /// of segments (<c>**.query</c> also selects a <c>query</c> in the root).
    /// </summary>
    /// <param name="globs">One or more globs.</param>
    /// <returns>The selection.</returns>
    /// <exception cref="ArgumentException">No glob is given, or one is empty, has an empty segment or contains <c>***</c>.</exception>
    public static TargetModules Globs(params string[] globs) => FromPatterns(globs, NamePattern.Glob);

    /// <summary>Modules whose whole name matches a .NET regular expression (case-sensitive). Matching a name may take one second at most.</summary>
    /// <param name="pattern">The expression; it need not be anchored.</param>
    /// <returns>The selection.</returns>
    /// <exception cref="ArgumentException">The expression is empty or invalid.</exception>
    public static TargetModules Regex(string pattern) => FromPatterns([pattern], NamePattern.Regex);

    /// <summary>Excludes what <paramref name="excluded"/> selects.</summary>
    /// <param name="excluded">What not to adapt.</param>
    /// <returns>The smaller selection.</returns>
    public TargetModules Excluding(TargetModules excluded)
    {
        ArgumentNullException.ThrowIfNull(excluded);
        return new($"{_description} excluding ({excluded._description})", Patterns, [.. Exclusions, .. excluded.Patterns], name =>
        {
            var verdict = _judge(name);
            return verdict.Match != NameMatch.None && excluded.Matches(name) ? NameVerdict.No($"excluded by {excluded.WhichMatches(name)}") : verdict;
        });
    }

    /// <summary>Excludes the modules with these suffixes (see <see cref="Suffixes"/>) or, if wildcards occur, globs (see <see cref="Globs"/>).</summary>
    /// <param name="patterns">One or more suffixes or globs.</param>
    /// <returns>The smaller selection.</returns>
    /// <exception cref="ArgumentException">No pattern is given or one is invalid.</exception>
    public TargetModules Excluding(params string[] patterns) => Excluding(FromPatterns(patterns, NamePattern.Parse));

    /// <summary>Keeps only the modules of certain layers. A module's layer number is the first all-digit segment of its name; modules without one are dropped.</summary>
    /// <param name="layers">Layer numbers, from 0.</param>
    /// <returns>The smaller selection.</returns>
    /// <exception cref="ArgumentException">No number is given or one is negative.</exception>
    public TargetModules InLayers(params int[] layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        if (layers.Length == 0 || layers.Any(layer => layer < 0))
            throw new ArgumentException("Give one or more layer numbers from 0.", nameof(layers));

        var wanted = layers.ToHashSet();
        return InLayers(string.Join(", ", wanted.Order()), wanted.Contains);
    }

    /// <summary>Keeps only the modules of a range of layers: <c>0..2</c> is layers 0 and 1, <c>6..</c> is layer 6 and all above.</summary>
    /// <param name="layers">A range counted from the start, with the usual exclusive end.</param>
    /// <returns>The smaller selection.</returns>
    /// <exception cref="ArgumentException">The range is empty, or counts from the end although the number of layers is unknown.</exception>
    public TargetModules InLayers(Range layers)
    {
        var open = layers.End.Equals(Index.End);
        if (layers.Start.IsFromEnd || (layers.End.IsFromEnd && !open))
            throw new ArgumentException($"The range {layers} counts from the end; count layers from the start.", nameof(layers));

        var (start, end) = (layers.Start.Value, open ? int.MaxValue : layers.End.Value);
        if (start >= end)
            throw new ArgumentException($"The range {layers} holds no layer: its end is exclusive.", nameof(layers));

        return InLayers(layers.ToString(), layer => layer >= start && layer < end);
    }

    /// <summary>Keeps what both selections contain.</summary>
    /// <param name="other">The other selection.</param>
    /// <returns>The intersection.</returns>
    public TargetModules And(TargetModules other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new($"({_description}) and ({other._description})", [.. Patterns, .. other.Patterns], [.. Exclusions, .. other.Exclusions], name =>
        {
            var (left, right) = (_judge(name), other._judge(name));
            return left.Match == NameMatch.None ? left : right.Match == NameMatch.None ? right : Stronger(left, right);
        });
    }

    /// <summary>Combines two selections: keeps what either contains.</summary>
    /// <param name="other">The other selection.</param>
    /// <returns>The union.</returns>
    public TargetModules Or(TargetModules other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new($"({_description}) or ({other._description})", [.. Patterns, .. other.Patterns], [.. Exclusions, .. other.Exclusions], name => Either(_judge(name), other._judge(name)));
    }

    /// <summary>This selection, or what takes its place for a model that may suggest one.</summary>
    internal TargetModules For(ISuggestsTargets? model) => !ReferenceEquals(this, Suggested) ? this : model?.SuggestedTargets ?? AllLinear;

    /// <summary>Whether the name is selected. The kind of module is not checked: <see cref="AllLinear"/> matches every name.</summary>
    /// <param name="name">The dotted name; the model itself has the empty name.</param>
    /// <returns>True when selected.</returns>
    /// <exception cref="System.Text.RegularExpressions.RegexMatchTimeoutException">A regular expression backtracked for more than one second.</exception>
    public bool Matches(string name) => Match(name) != NameMatch.None;

    /// <summary>Describes the selection in words.</summary>
    /// <returns>The description used in errors.</returns>
    public override string ToString() => _description;

    /// <summary>Exactly the modules with these names, however many.</summary>
    internal static TargetModules Exactly(IReadOnlyCollection<string> names)
    {
        var wanted = names.ToHashSet(StringComparer.Ordinal);
        return new(string.Join(" or ", names.Select(name => $"'{name}'")), [], [], name => wanted.Contains(name) ? NameMatch.ByName : NameVerdict.No("not among the targets"));
    }

    /// <summary>Excludes whole modules, which are known to exist, with their contents.</summary>
    internal TargetModules Without(IReadOnlyCollection<string> modules) =>
        new($"{_description} without {string.Join(", ", modules)}", Patterns, Exclusions, name =>
            modules.FirstOrDefault(m => ModuleNames.IsAtOrIn(name, m)) is { } module
                ? NameVerdict.No(name == module ? "trained in full" : $"trained in full as part of '{ReadableName.Of(module)}'")
                : _judge(name));

    internal NameMatch Match(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _judge(name).Match;
    }

    /// <summary>Why a name is not selected, as the rest of a sentence that starts with the module; null if it is.</summary>
    internal string? WhyNot(string name) => _judge(name).Reason;

    private static TargetModules FromPatterns(string[] texts, Func<string, NamePattern> create)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Length == 0)
            throw new ArgumentException("Give at least one pattern.", nameof(texts));

        var patterns = texts.Distinct(StringComparer.Ordinal).Select(create).ToArray();
        var description = string.Join(" or ", patterns.AsEnumerable());
        var no = NameVerdict.No($"not targeted by {description}");
        return new(description, patterns, [], name => patterns.FirstOrDefault(pattern => pattern.Matches(name))?.Strength ?? no);
    }

    // The single pattern responsible, if there is one, which is more helpful than a list of them.
    private string WhichMatches(string name) => Exclusions.Count == 0 ? Patterns.FirstOrDefault(pattern => pattern.Matches(name))?.ToString() ?? _description : _description;

    private static NameVerdict Stronger(NameVerdict left, NameVerdict right) => left.Match > right.Match ? left : right;

    private static NameVerdict Either(NameVerdict left, NameVerdict right) =>
        left.Match == NameMatch.None && right.Match == NameMatch.None ? NameVerdict.No($"{left.Reason}, and {right.Reason}") : Stronger(left, right);

    private static int? LayerOf(string name)
    {
        var number = name.Split('.').FirstOrDefault(segment => segment.Length > 0 && segment.All(char.IsAsciiDigit));
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : null;
    }

    private TargetModules InLayers(string which, Func<int, bool> wanted) =>
        new($"{_description} in layers {which}", Patterns, Exclusions, name => LayerOf(name) is { } layer && wanted(layer) ? _judge(name) : NameVerdict.No($"not in layer {which}"));
}
