using AdaLora.Allocation;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>What a budget counts, under the names of the command line.</summary>
internal static class BudgetUnits
{
    public const string Default = "triplets";

    private static readonly Dictionary<string, BudgetUnit> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        [Default] = BudgetUnit.Triplets,
        ["parameters"] = BudgetUnit.Parameters,
    };

    public static string Names => string.Join(", ", ByName.Keys);

    /// <summary>The name as it is recorded.</summary>
    /// <exception cref="UserInputException">There is no such unit.</exception>
    public static string Find(string name) =>
        ByName.Keys.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new UserInputException($"unknown unit '{name}'; use one of {Names}.");

    public static BudgetUnit Of(string name) => ByName[name];
}
