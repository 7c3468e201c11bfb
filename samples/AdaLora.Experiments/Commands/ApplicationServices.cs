using System.CommandLine;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Processes;
using Spectre.Console;

namespace AdaLora.Experiments.Commands;

/// <summary>What the commands need from outside.</summary>
internal sealed record ApplicationServices
{
    public required ApplicationDescription Description { get; init; }

    public required IRunner Runner { get; init; }

    /// <summary>Prepares the data and the model of a demo and says which runs it consists of; null without a demo.</summary>
    public Func<IReadOnlyList<RunSettings>>? DemoRuns { get; init; }

    public required IAnsiConsole Console { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>The processes that share a run.</summary>
    public IProcessGroup Group { get; init; } = ProcessGroup.Single;

    /// <summary>Commands besides train and inspect.</summary>
    public IReadOnlyList<Command> MoreCommands { get; init; } = [];
}
