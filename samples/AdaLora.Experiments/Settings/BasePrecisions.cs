using AdaLora.Adapters.FrozenWeights;
using AdaLora.Experiments.Programs;

namespace AdaLora.Experiments.Settings;

/// <summary>Precisions of the frozen layers under the names that they have on the command line.</summary>
internal static class BasePrecisions
{
    private static readonly Dictionary<string, BasePrecision> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["as-loaded"] = BasePrecision.AsLoaded,
        ["bf16"] = BasePrecision.BFloat16,
        ["auto"] = BasePrecision.Automatic,
        ["int8"] = BasePrecision.Int8,
    };

    public static BasePrecision Default => BasePrecision.AsLoaded;

    public static string Names => string.Join(", ", ByName.Keys);

    public static BasePrecision Find(string name) =>
        ByName.TryGetValue(name, out var precision) ? precision : throw new UserInputException($"unknown precision '{name}'; use one of {Names}.");

    public static string NameOf(BasePrecision precision) => ByName.First(entry => entry.Value == precision).Key;
}
