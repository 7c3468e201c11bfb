using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Tasks;
using AdaLora.Initialization;

namespace AdaLora.Experiments.Settings;

/// <summary>What triplets start from, under the names of the command line.</summary>
internal static class Initializations
{
    public const string Default = "published";

    private static readonly Dictionary<string, Func<BaseModel, TripletInitialization>> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        [Default] = _ => TripletInitialization.Published,
        ["orthonormal"] = _ => TripletInitialization.Orthonormal,
        ["scaled"] = _ => TripletInitialization.ScaledBySize,
        ["lora"] = _ => TripletInitialization.Lora,
        ["weight"] = _ => TripletInitialization.FromWeight,
        ["data"] = model => TripletInitialization.FromData(model.Passes, pass => pass()),
    };

    public static string Names => string.Join(", ", ByName.Keys);

    /// <summary>The name as it is recorded.</summary>
    /// <exception cref="UserInputException">There is no such initialisation.</exception>
    public static string Find(string name) =>
        ByName.Keys.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) ?? throw new UserInputException($"unknown initialisation '{name}'; use one of {Names}.");

    public static TripletInitialization Of(string name, BaseModel model) => ByName[name](model);
}
