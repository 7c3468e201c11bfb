using System.Numerics;
using System.Text.Json.Nodes;

namespace AdaLora.Experiments.Settings;

/// <summary>An option that is a whole number or a real one.</summary>
internal sealed class NumberOption<T> : RunOption<T>
    where T : struct, INumber<T>
{
    /// <summary>A number with a default that the help shows.</summary>
    public NumberOption(string name, string description, T @default)
        : this(name, description, _ => @default) => ShowsDefault = true;

    /// <summary>A number whose default depends on other options; the description states it.</summary>
    public NumberOption(string name, string description, Func<RunSettings, T> @default)
        : this(name, _ => description, @default)
    {
    }

    public NumberOption(string name, Func<Catalog, string> description, Func<RunSettings, T> @default)
        : base(name, description, ToJson)
    {
        HelpName = NumberText.HelpName<T>();
        Default = @default;
        Parse = (text, _) => NumberText.Parse<T>(text);
        Problem = (value, settings) => Bound!.FindProblem(value) ?? Rule?.Invoke(value, settings);
    }

    public required Bound<T> Bound { get; init; }

    /// <summary>What must hold in addition to the bound, which may depend on other options: what is wrong with a value, or null.</summary>
    public Func<T, RunSettings, string?>? Rule { get; init; }

    private static JsonNode ToJson(T value) => value is int whole ? JsonValue.Create(whole) : JsonValue.Create(double.CreateChecked(value));
}
