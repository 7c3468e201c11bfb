using System.CommandLine;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Processes;
using Spectre.Console;

namespace AdaLora.Glue.Commands;

/// <summary>What the commands need from outside.</summary>
internal sealed record GlueServices
{
    public required IRunner Runner { get; init; }

    /// <summary>Prepares the demo's data and model and says which runs it consists of.</summary>
    public required Func<IReadOnlyList<RunSettings>> DemoRuns { get; init; }

    public required IAnsiConsole Console { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>The processes that share a run.</summary>
    public IProcessGroup Group { get; init; } = ProcessGroup.Single;

    /// <summary>Commands besides train.</summary>
    public IReadOnlyList<Command> MoreCommands { get; init; } = [];
}
