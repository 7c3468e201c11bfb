using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace AdaLora.Glue;

/// <summary>The command line: without arguments the demo, else a subcommand. Turns every way to fail into a message and an exit code.</summary>
internal sealed class GlueApplication
{
    private readonly GlueServices _services;
    private readonly RunSession _session;
    private readonly RootCommand _root;

    public GlueApplication(GlueServices services)
    {
        _services = services;
        _session = new RunSession(services.Runner, services.Console);
        var train = TrainCommand();
        _root = new RootCommand("Fine-tunes encoders on GLUE with AdaLoRA and shows where the rank budget went. Without arguments: a demo that needs no downloads.") { train, InspectCommand.Create(services.Console) };
        foreach (var command in services.MoreCommands)
            _root.Add(command);
        _root.SetAction((_, token) => Task.FromResult(RunDemo(token)));
        var help = _root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpExamples((HelpAction)help.Action!, ["AdaLora.Glue                     the demo", "AdaLora.Glue train --help        all options"]);
    }

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments without the program's name.</param>
    /// <param name="cancellationToken">Asks a run to stop after the current step and to write everything.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public int Run(string[] args, CancellationToken cancellationToken)
    {
        if (args.FirstOrDefault(argument => argument.Contains('\0')) is { } broken)
            return Fail(ExitCode.BadInput, $"The argument '{broken.Replace('\0', '?')}' holds a null character, which no name and no path can have.");
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(ExitCode.Failure, e.Message);
        }
        catch (Exception e)
        {
            return Fail(ExitCode.Failure, e.ToString());
        }
    }

    private Command TrainCommand()
    {
        var options = new TrainOptions();
        var quiet = new Option<bool>(TrainOptionNames.Quiet) { Description = "Print one line with the result." };
        var json = new Option<bool>(TrainOptionNames.Json) { Description = "Print metrics.json and nothing else." };
        var progress = new Option<bool>(TrainOptionNames.ProgressOnly) { Description = "Print lines of progress and no tables.", Hidden = true };
        var command = new ExampledCommand(
            "train",
            "Fine-tunes a checkpoint on a GLUE task.",
            "AdaLora.Glue train --task cola --data glue --model all-MiniLM-L6-v2",
            "AdaLora.Glue train --task stsb --data glue/STS-B --model all-MiniLM-L6-v2 --method lora --target-rank 8 --seed 2",
            "AdaLora.Glue train --task mrpc --data glue --model google-bert/bert-base-uncased",
            "AdaLora.Glue train --task rte --data glue --model all-MiniLM-L6-v2 --targets query,value --layers 0-2 --max-steps 200 --output runs/try") { quiet, json, progress };
        foreach (var option in options.All)
            command.Add(option);
        command.SetAction((line, token) =>
        {
            var verbosity = line.GetValue(json) ? Verbosity.Json : line.GetValue(quiet) ? Verbosity.Quiet : line.GetValue(progress) ? Verbosity.Progress : Verbosity.Normal;
            var settings = options.Bind(line).Validated();
            if (options.Ignored(line) is { Count: > 0 } ignored)
                _services.Error.WriteLine($"Note: {settings.MethodName} makes no use of {string.Join(", ", ignored)}.");
            var record = _session.Run(settings, verbosity, token);
            if (verbosity == Verbosity.Normal)
                SummaryTable.Write(_services.Console, [record]);
            return Task.FromResult(CodeOf(record));
        });
        return command;
    }

    private int RunDemo(CancellationToken cancellationToken)
    {
        var records = new List<RunRecord>();
        foreach (var settings in _services.DemoRuns())
        {
            records.Add(_session.Run(settings.Validated(), Verbosity.Normal, cancellationToken));
            if (records[^1].Status == RunStatus.Cancelled)
                break;
        }

        SummaryTable.Write(_services.Console, records);
        return CodeOf(records[^1]);
    }

    private static int CodeOf(RunRecord record) => record.Status == RunStatus.Cancelled ? ExitCode.Cancelled : ExitCode.Success;

    private int Fail(int code, string message)
    {
        _services.Error.WriteLine(message);
        return code;
    }
}
