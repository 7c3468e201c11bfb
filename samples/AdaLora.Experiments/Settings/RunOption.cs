using System.CommandLine;
using System.Text.Json.Nodes;

namespace AdaLora.Experiments.Settings;

/// <summary>An option of a run, declared once: its name and meaning, its default, and how it is read, checked and recorded. See <see cref="RunOptions"/>.</summary>
/// <param name="name">As it is typed, such as "--batch-size".</param>
internal abstract class RunOption(string name)
{
    public string Name => name;

    /// <summary>The name under which metrics.json keeps it.</summary>
    public string Key { get; } = name.TrimStart('-').Replace('-', '_');

    /// <summary>Whether some methods do not read it; those that do name it in <see cref="TrainingMethod.Options"/>.</summary>
    public bool IsOfMethods { get; init; }

    /// <summary>Whether every run of a comparison has its own.</summary>
    public bool IsOfOneRun { get; init; }

    /// <summary>Whether it makes a difference to the results of a run.</summary>
    public bool ChangesResults { get; init; } = true;

    /// <summary>Whether metrics.json keeps it.</summary>
    public bool IsRecorded { get; init; } = true;

    /// <summary>Whether its default depends on how much data there is.</summary>
    public bool DefaultDependsOnData { get; init; }

    /// <summary>The option of one command.</summary>
    public abstract Option CreateOption(Catalog catalog);

    /// <summary>The settings with what a command line says.</summary>
    /// <param name="settings">The settings without it.</param>
    /// <param name="line">The command line.</param>
    /// <param name="option">What <see cref="CreateOption"/> created for its command.</param>
    public abstract RunSettings Bind(RunSettings settings, ParseResult line, Option option);

    /// <summary>The value in force, as metrics.json keeps it.</summary>
    public abstract JsonNode? Record(RunSettings settings);

    /// <summary>What is wrong with the value in force; null if nothing is.</summary>
    public abstract string? FindProblem(RunSettings settings);

    public override string ToString() => name;
}
