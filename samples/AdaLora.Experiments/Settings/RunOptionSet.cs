using System.CommandLine;

namespace AdaLora.Experiments.Settings;

/// <summary>Options of a run on one command.</summary>
/// <param name="catalog">What there is to choose from.</param>
/// <param name="options">Which options the command has.</param>
internal sealed class RunOptionSet(Catalog catalog, IEnumerable<RunOption> options)
{
    private readonly List<(RunOption Declared, Option Option)> _options = [.. options.Select(option => (option, option.CreateOption(catalog)))];

    /// <summary>All options of a run.</summary>
    public RunOptionSet(Catalog catalog)
        : this(catalog, catalog.Options)
    {
    }

    public void AddTo(Command command)
    {
        foreach (var (_, option) in _options)
            command.Add(option);
    }

    /// <summary>The settings that a command line specifies, not yet validated.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="settings">What applies where it says nothing else.</param>
    public RunSettings Bind(ParseResult line, RunSettings settings) => _options.Aggregate(settings, (bound, entry) => entry.Declared.Bind(bound, line, entry.Option));

    /// <summary>The settings of a single run, with the default method.</summary>
    public RunSettings Bind(ParseResult line) => Bind(line, RunSettings.Of(catalog));

    /// <summary>Options that were given and that none of the methods reads.</summary>
    public IReadOnlyList<string> Ignored(ParseResult line, params IReadOnlyList<TrainingMethod> methods)
    {
        var ignored = TrainingMethod.OptionsIgnoredBy(methods);
        return [.. _options.Where(entry => ignored.Contains(entry.Declared) && line.GetResult(entry.Option) is { Implicit: false }).Select(entry => entry.Declared.Name)];
    }
}
