using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Glue.Commands;

/// <summary>Connects the application to the process: its console, its signals, its exit code.</summary>
internal static class GlueHost
{
    public static int Run(string[] args, IRunner runner, Func<IReadOnlyList<RunSettings>> demoRuns, params IReadOnlyList<Command> moreCommands)
    {
        if (!StandardStreams.AreOpen())
            return ExitCode.Failure;
        StandardStreams.NameOutput();
        ProcessLimits.FailOnFileSize();
        var console = TableConsole.On(Console.Out);
        using var interrupt = new InterruptSignal(
            onFirst: () => Console.Error.WriteLine("Stopping after this step; press Ctrl-C again to stop at once."),
            onSecond: () => console.Cursor.Show(true));
        var services = new GlueServices { Runner = runner, DemoRuns = demoRuns, Console = console, Error = Console.Error, MoreCommands = moreCommands };
        return interrupt.ExitCodeOf(new GlueApplication(services).Run(args, interrupt.Token));
    }
}
