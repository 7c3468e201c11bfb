using System.CommandLine;
using Spectre.Console;

namespace AdaLora.Glue;

/// <summary>Connects the application to the process: its console, its signals, its exit code.</summary>
internal static class GlueHost
{
    /// <summary>A log has no width; tables in it should not be broken at 80 columns.</summary>
    private const int WidthWithoutTerminal = 160;

    public static int Run(string[] args, IRunner runner, Func<IReadOnlyList<TrainSettings>> demoRuns, params IReadOnlyList<Command> moreCommands)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings());
        if (!console.Profile.Out.IsTerminal)
            console.Profile.Width = WidthWithoutTerminal;
        using var interrupt = new InterruptSignal(
            onFirst: () => Console.Error.WriteLine("Stopping after this step; Ctrl-C again ends at once."),
            onSecond: () => console.Cursor.Show(true));
        var services = new GlueServices { Runner = runner, DemoRuns = demoRuns, Console = console, Error = Console.Error, MoreCommands = moreCommands };
        return new GlueApplication(services).Run(args, interrupt.Token);
    }
}
