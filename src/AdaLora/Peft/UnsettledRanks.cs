using System.Globalization;
using AdaLora.Safetensors;

namespace AdaLora.Peft;

/// <summary>
/// What PEFT's configuration cannot say of an adapter that was saved before its ranks were settled: that a pattern of ranks, which different initial ranks need, is not the final one, and which budget is the target.
/// It stands in the metadata of the weights, which PEFT passes over.
/// </summary>
internal static class UnsettledRanks
{
    private const string TargetBudget = "adalora.target_budget";

    /// <param name="targetBudget">bT of an adapter that is still to be pruned; null if there is nothing to tell.</param>
    public static IReadOnlyDictionary<string, string> Metadata(int? targetBudget)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt" };
        if (targetBudget is { } budget)
            metadata[TargetBudget] = budget.ToString(CultureInfo.InvariantCulture);
        return metadata;
    }

    /// <summary>bT of an adapter that is still to be pruned; null where the configuration says everything.</summary>
    /// <exception cref="InvalidDataException">It is no number of triplets.</exception>
    public static int? Read(SafetensorsFile weights) =>
        !weights.Metadata.TryGetValue(TargetBudget, out var text) ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var budget) ? budget
        : throw new InvalidDataException($"'{weights.Path}' cannot be followed: the metadata '{TargetBudget}' is '{text}'; it must be a whole number.");
}
