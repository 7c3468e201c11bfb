using System.Globalization;
using AdaLora.Allocation;
using AdaLora.Safetensors;

namespace AdaLora.Peft;

/// <summary>
/// What PEFT's configuration cannot express about an adapter saved before its ranks were settled: that a rank pattern, which different initial ranks need, is not the final one, what the target
/// budget is and what it counts, and the limits of single matrices. It is stored in the metadata of the weights, which PEFT ignores.
/// </summary>
/// <param name="TargetBudget">bT of an adapter that is still to be pruned; null if there is nothing to record.</param>
/// <param name="Terms">What triplets cost, and the limits of matrices.</param>
internal sealed record UnsettledRanks(int? TargetBudget, AllocationTerms Terms)
{
    private const string Target = "adalora.target_budget", Unit = "adalora.budget_unit", Minimum = "adalora.minimum_ranks", Maximum = "adalora.maximum_ranks";
    private const string Parameters = "parameters";
    private const char Line = '\n', Gap = ' ';

    /// <summary>Of an adapter whose configuration is complete.</summary>
    public static UnsettledRanks None { get; } = new(null, AllocationTerms.Plain);

    /// <summary>The metadata of the weights.</summary>
    public IReadOnlyDictionary<string, string> Metadata()
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        if (TargetBudget is not { } budget)
            return metadata;
        metadata[Target] = budget.ToString(CultureInfo.InvariantCulture);
        if (Terms.Unit == BudgetUnit.Parameters)
            metadata[Unit] = Parameters;
        Put(Minimum, limits => limits.Minimum is > 0 ? limits.Minimum : null);
        Put(Maximum, limits => limits.Maximum);
        return metadata;

        void Put(string key, Func<RankLimits, int?> limit)
        {
            var lines = Terms.Limits.OrderBy(l => l.Key, StringComparer.Ordinal).Where(l => limit(l.Value) is not null)
                .Select(l => string.Create(CultureInfo.InvariantCulture, $"{limit(l.Value)}{Gap}{l.Key}")).ToList();
            if (lines.Count > 0)
                metadata[key] = string.Join(Line, lines);
        }
    }

    /// <summary>Reads the metadata of weights.</summary>
    /// <exception cref="InvalidDataException">Something in it cannot be followed.</exception>
    public static UnsettledRanks Read(SafetensorsFile weights)
    {
        if (!weights.Metadata.TryGetValue(Target, out var text))
            return None;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var budget))
            throw Refusal(weights, Target, text, "a whole number");
        var unit = weights.Metadata.GetValueOrDefault(Unit);
        if (unit is not (null or Parameters))
            throw Refusal(weights, Unit, unit, $"'{Parameters}'");
        var (minimum, maximum) = (Ranks(weights, Minimum), Ranks(weights, Maximum));
        var limits = minimum.Keys.Union(maximum.Keys, StringComparer.Ordinal).ToDictionary(
            name => name, name => new RankLimits(Of(minimum, name), Of(maximum, name)), StringComparer.Ordinal);
        return new UnsettledRanks(budget, new AllocationTerms(unit is null ? BudgetUnit.Triplets : BudgetUnit.Parameters, limits));

        static int? Of(Dictionary<string, int> ranks, string name) => ranks.TryGetValue(name, out var rank) ? rank : null;
    }

    private static Dictionary<string, int> Ranks(SafetensorsFile weights, string key)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var line in weights.Metadata.TryGetValue(key, out var text) ? text.Split(Line) : [])
        {
            var gap = line.IndexOf(Gap, StringComparison.Ordinal);
            if (gap < 0 || !int.TryParse(line[..gap], NumberStyles.None, CultureInfo.InvariantCulture, out var rank) || rank < 1 || !ranks.TryAdd(line[(gap + 1)..], rank))
                throw Refusal(weights, key, line, "a rank of at least 1, a space, and the name of a module that no other line has");
        }

        return ranks;
    }

    private static InvalidDataException Refusal(SafetensorsFile weights, string key, string text, string meant) =>
        new($"'{weights.Path}' cannot be used: the metadata '{key}' is '{text}'; it must be {meant}.");
}
