using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Reports;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Commands;

/// <summary>The command line: subcommands, and a demo without arguments where there is one. Turns every failure into a message and an exit code.</summary>
internal sealed class Application
{
    private readonly ApplicationServices _services;
    private readonly RunSession _session;
    private readonly RootCommand _root;

    public Application(ApplicationServices services)
    {
        _services = services;
        _session = new RunSession(services.Runner, services.Console, services.Group);
        _root = new RootCommand(services.Description.Summary)
        {
            TrainCommand.Create(_session, services),
            InspectCommand.Create(services.Description, services.Console),
        };
        foreach (var command in services.MoreCommands)
            _root.Add(command);
        if (services.DemoRuns is { } runs)
            _root.SetAction((_, token) => Task.FromResult(RunDemo(runs(), token)));
        var help = _root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpExamples((HelpAction)help.Action!, services.Description.ExamplesOf(""));
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments without the program's name.</param>
    /// <param name="cancellationToken">Asks a run to stop after the current step and to write everything.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(string[] args, CancellationToken cancellationToken)
    {
        if (args.FirstOrDefault(argument => argument.Contains('\0')) is { } broken)
            return Fail(ExitCode.BadInput, $"The argument '{broken.Replace('\0', '?')}' contains a null character, which is not allowed in a name or a path.");
        var line = _root.Parse(args);
        if (line.Action is ParseErrorAction)
            return Fail(ExitCode.BadInput, string.Join(" ", line.Errors.Select(error => error.Message)) + " See --help.");
        try
        {
            // The library's own handling of Ctrl-C would end the process two seconds later, in the middle of a step.
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = _services.Console.Profile.Out.Writer,
                Error = _services.Error,
            };
            return line.InvokeAsync(configuration, cancellationToken).GetAwaiter().GetResult();
        }
        catch (UserInputException e)
        {
            return Fail(ExitCode.BadInput, e.Message);
        }
        catch (OperationCanceledException)
        {
            return Fail(ExitCode.Cancelled, "Cancelled before the first step; nothing was written.");
        }
        catch (Exception e) when (ProcessLimits.Explain(e) is { } limit)
        {
            return Fail(ExitCode.Failure, limit);
        }
        catch (Exception e) when (MemoryShortage.Find(e) is { } shortage)
        {
            return Fail(ExitCode.BadInput, $"{shortage} Use another device with {RunOptions.Device}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCode.Failure, e.Message);
        }
        catch (Exception e)
        {
            return Fail(ExitCode.Failure, e.ToString());
        }
    }

    private int RunDemo(IReadOnlyList<RunSettings> runs, CancellationToken cancellationToken)
    {
        var records = new List<RunRecord>();
        foreach (var settings in runs)
        {
            records.Add(_session.Run(settings.Validated(), Verbosity.Normal, cancellationToken));
            if (records[^1].Status == RunStatus.Cancelled)
                break;
        }

        SummaryTable.Write(_services.Console, records);
        return RunSession.ExitCodeOf(records[^1]);
    }

    private int Fail(int code, string message)
    {
        _services.Error.WriteLine(message);
        return code;
    }
}
