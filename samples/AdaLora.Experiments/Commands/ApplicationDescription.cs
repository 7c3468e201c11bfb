using AdaLora.Experiments.Settings;

namespace AdaLora.Experiments.Commands;

/// <summary>What distinguishes one application from another: what it trains, and how its help describes it.</summary>
internal sealed class ApplicationDescription
{
    /// <summary>Its tasks, methods and options.</summary>
    public required Catalog Catalog { get; init; }

    /// <summary>What it does, in a sentence or two.</summary>
    public required string Summary { get; init; }

    /// <summary>The examples in help texts, by command; those under "" are of the application as a whole.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Examples { get; init; }

    public IReadOnlyList<string> ExamplesOf(string command) => Examples.GetValueOrDefault(command, []);
}
