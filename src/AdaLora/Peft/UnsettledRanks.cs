using System.Globalization;
using AdaLora.Safetensors;

namespace AdaLora.Peft;

/// <summary>
/// What PEFT's configuration cannot express about an adapter saved before its ranks were settled: that a rank pattern, which different initial ranks need, is not the final one, and what the
/// target budget is. It is stored in the metadata of the weights, which PEFT ignores.
/// </summary>
internal static class UnsettledRanks
{
    private const string TargetBudget = "adalora.target_budget";

    /// <param name="targetBudget">bT of an adapter that is still to be pruned; null if there is nothing to record.</param>
    public static IReadOnlyDictionary<string, string> Metadata(int? targetBudget)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        if (targetBudget is { } budget)
            metadata[TargetBudget] = budget.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>bT of an adapter that is still to be pruned; null if the configuration is complete.</summary>
    /// <exception cref="InvalidDataException">It is not a number of triplets.</exception>
    public static int? Read(SafetensorsFile weights) =>
        !weights.Metadata.TryGetValue(TargetBudget, out var text) ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var budget) ? budget
        : throw new InvalidDataException($"'{weights.Path}' cannot be used: the metadata '{TargetBudget}' is '{text}'; it must be a whole number.");
}
