using AdaLora.Allocation;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Importance scores under the names of the command line.</summary>
internal static class Scores
{
    public const string Default = "iu";

    private static readonly Dictionary<string, ImportanceScore> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        [Default] = ImportanceScore.SensitivityTimesUncertainty,
        ["sensitivity"] = ImportanceScore.Sensitivity,
        ["ratio"] = ImportanceScore.SensitivityOverUncertainty,
        ["magnitude"] = ImportanceScore.Magnitude,
        ["magnitude-norms"] = ImportanceScore.MagnitudeTimesNorms,
        ["fisher"] = ImportanceScore.Fisher,
    };

    public static string Names => string.Join(", ", ByName.Keys);

    /// <summary>The name as it is recorded.</summary>
    /// <exception cref="UserInputException">There is no such score.</exception>
    public static string Find(string name) =>
        ByName.Keys.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new UserInputException($"unknown score '{name}'; use one of {Names}.");

    public static ImportanceScore Of(string name) => ByName[name];
}
