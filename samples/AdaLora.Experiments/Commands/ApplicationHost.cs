using System.CommandLine;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;
using AdaLora.Processes;

namespace AdaLora.Experiments.Commands;

/// <summary>Connects the application to the process: its console, its signals, its exit code.</summary>
internal static class ApplicationHost
{
    /// <param name="args">The arguments without the program's name.</param>
    /// <param name="description">The application.</param>
    /// <param name="runner">Trains.</param>
    /// <param name="demoRuns">Prepares the demo; null without one.</param>
    /// <param name="group">The processes that share a run; only the first writes to the console.</param>
    /// <param name="cancellation">Asks a run to stop, besides Ctrl-C.</param>
    /// <param name="moreCommands">Commands besides train and inspect.</param>
    public static int Run(
        string[] args,
        ApplicationDescription description,
        IRunner runner,
        Func<IReadOnlyList<RunSettings>>? demoRuns,
        IProcessGroup group,
        CancellationToken cancellation,
        params IReadOnlyList<Command> moreCommands)
    {
        if (!StandardStreams.AreOpen())
            return ExitCode.Failure;
        StandardStreams.NameOutput();
        ProcessLimits.FailOnFileSize();
        if (group.Size > 1 && args is not (["train", ..] or ["--help", ..]))
        {
            if (group.Rank == 0)
                Console.Error.WriteLine("Several processes can only share one run of train. Start everything else without mpirun; a comparison can run on several machines as independent parts.");
            return ExitCode.BadInput;
        }

        var console = TableConsole.On(group.Rank == 0 ? Console.Out : TextWriter.Null);
        using var interrupt = new InterruptSignal(
            onFirst: () => Console.Error.WriteLine("Stopping after this step; press Ctrl-C again to stop at once."),
            onSecond: () => console.Cursor.Show(true));
        var services = new ApplicationServices
        {
            Description = description,
            Runner = runner,
            DemoRuns = demoRuns,
            Console = console,
            Error = Console.Error,
            MoreCommands = moreCommands,
            Group = group,
        };
        using var either = CancellationTokenSource.CreateLinkedTokenSource(interrupt.Token, cancellation);
        return interrupt.ExitCodeOf(new Application(services).Run(args, either.Token));
    }
}
