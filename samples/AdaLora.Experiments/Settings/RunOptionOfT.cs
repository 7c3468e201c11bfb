using System.CommandLine;
using System.Text.Json.Nodes;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Settings;

/// <summary>An option whose values are of one type.</summary>
/// <param name="name">As it is typed.</param>
/// <param name="description">What it means, as the help says it.</param>
/// <param name="toJson">How metrics.json keeps a value.</param>
internal class RunOption<T>(string name, Func<Catalog, string> description, Func<T, JsonNode?> toJson) : RunOption(name), IOption<T>
{
    public RunOption(string name, string description, Func<T, JsonNode?> toJson)
        : this(name, _ => description, toJson)
    {
    }

    /// <summary>What stands for the value in the help; null for a flag.</summary>
    public string? HelpName { get; init; }

    /// <summary>The value if none is given.</summary>
    public Func<RunSettings, T> Default { get; init; } = _ => default!;

    /// <summary>Whether the help shows <see cref="Default"/>; where it depends on other options, the description states it.</summary>
    public bool ShowsDefault { get; init; }

    /// <summary>Whether every command line must give it.</summary>
    public Func<Catalog, bool> IsRequired { get; init; } = _ => false;

    /// <summary>Reads the value from the text, or throws a <see cref="Programs.UserInputException"/> that says what was expected; null to leave that to the command line's own parser.</summary>
    public Func<string, Catalog, T>? Parse { get; init; }

    /// <summary>What is wrong with a value; null if nothing is.</summary>
    public Func<T, RunSettings, string?> Problem { get; init; } = (_, _) => null;

    public override Option CreateOption(Catalog catalog)
    {
        var option = Parse is null
            ? new Option<T>(Name) { Description = description(catalog), HelpName = HelpName, Required = IsRequired(catalog) }
            : ParsedOption.Create(Name, description(catalog), HelpName!, text => Parse(text, catalog), IsRequired(catalog));
        if (ShowsDefault)
            option.DefaultValueFactory = _ => RunSettings.Of(catalog).Get(this);
        return option;
    }

    public override RunSettings Bind(RunSettings settings, ParseResult line, Option option) =>
        line.GetResult(option) is { Implicit: false } ? settings.With(this, line.GetValue((Option<T>)option)!) : settings;

    public override JsonNode? Record(RunSettings settings) => toJson(settings.Get(this));

    public override string? FindProblem(RunSettings settings) => Problem(settings.Get(this), settings);
}
