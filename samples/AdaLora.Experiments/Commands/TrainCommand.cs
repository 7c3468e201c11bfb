using System.CommandLine;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Commands;

/// <summary>The command that trains one run.</summary>
internal static class TrainCommand
{
    public const string Quiet = "--quiet";
    public const string Json = "--json";

    public static Command Create(RunSession session, ApplicationServices services)
    {
        var options = new RunOptionSet(services.Description.Catalog);
        var quiet = new Option<bool>(Quiet) { Description = "Print one line with the result." };
        var json = new Option<bool>(Json) { Description = "Print metrics.json, and nothing else." };
        var progress = new Option<bool>(ChildProcessRunner.ProgressOnly) { Description = "Print progress as plain lines, without tables.", Hidden = true };
        var command = new ExampledCommand(
            "train",
            $"Fine-tunes a checkpoint on a {services.Description.Catalog.Name} task.",
            services.Description.ExamplesOf("train")) { quiet, json, progress };
        options.AddTo(command);
        command.SetAction((line, token) =>
        {
            var verbosity = line.GetValue(json) ? Verbosity.Json : line.GetValue(quiet) ? Verbosity.Quiet : line.GetValue(progress) ? Verbosity.Progress : Verbosity.Normal;
            var settings = options.Bind(line).Validated();
            if (options.Ignored(line, settings.Method) is { Count: > 0 } ignored)
                services.Error.WriteLine($"Note: {settings.Method.Name} does not use {string.Join(", ", ignored)}.");
            if (settings.Get(RunOptions.DryRun))
            {
                return verbosity == Verbosity.Json
                    ? throw new UserInputException($"{RunOptions.DryRun} prints a plan, and a planned run has no metrics; omit {Json}.")
                    : Task.FromResult(session.Plan(settings, new PlainReporter(services.Error), token));
            }

            var record = session.Run(settings, verbosity, token);
            if (verbosity == Verbosity.Normal)
                SummaryTable.Write(services.Console, [record]);
            return Task.FromResult(RunSession.ExitCodeOf(record));
        });
        return command;
    }
}
