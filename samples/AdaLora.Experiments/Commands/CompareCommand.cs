using System.CommandLine;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Commands;

/// <summary>The command that trains several methods on several tasks with several seeds and puts the results into one table.</summary>
internal static class CompareCommand
{
    public static Command Create(ApplicationDescription application, ICellRunner runner)
    {
        var catalog = application.Catalog;
        var command = new ExampledCommand(
            "compare",
            "Trains several methods on several tasks with several seeds and shows one table, with mean and standard deviation. Run it again to continue where it stopped.",
            application.ExamplesOf("compare"));
        var methods = ParsedOption.Create(
            "--methods", $"Methods to train: {catalog.MethodNames}. [default: all]", "NAMES", text => ListArguments.Names(text).Select(catalog.FindMethod).Distinct().ToList());
        command.Add(methods);
        var tasks = TasksOf(catalog);
        if (tasks is not null)
            command.Add(tasks);
        var comparison = new ComparisonCommand(command, "comparison", catalog, runner, RunOptions.HeldOut);
        var sweep = new LearningRateSweep(command);
        command.SetAction((line, token) =>
        {
            // A list that was not given is empty, not null.
            var chosen = line.GetValue(methods) is { Count: > 0 } given ? given : catalog.Methods;
            if (comparison.Ignored(line, chosen) is { Count: > 0 } ignored)
                line.InvocationConfiguration.Error.WriteLine($"Note: none of the methods uses {string.Join(", ", ignored)}.");
            IReadOnlyList<ITask?> compared = tasks is not null && line.GetValue(tasks) is { Count: > 0 } named ? [.. named] : [null];
            if (compared[0] is null && comparison.Bind(line, null, chosen[0]).Get(RunOptions.Task) is null)
                throw new UserInputException($"{tasks!.Name}: name some of {catalog.TaskNames}.");
            IReadOnlyList<(string Panel, string Row, RunSettings Settings)> rows =
            [
                .. from task in compared
                   from method in chosen
                   let settings = comparison.Bind(line, task, method)
                   select (settings.Task.Name, method.Name, settings),
            ];
            var settled = sweep.IsWanted(line) ? comparison.Try(line, sweep, rows, token) : [.. rows.Select(row => (row.Panel, row.Row, row.Settings, (string?)null))];
            if (token.IsCancellationRequested)
                return Task.FromResult(ComparisonCommand.Stopped(line));
            // Everything with one seed first: after part of the time there is a complete, if rough, table.
            IReadOnlyList<ComparisonCell> cells =
                [.. from seed in comparison.Seeds(line) from row in settled select comparison.Cell(line, row.Panel, row.Row, row.Settings, seed, row.Choice)];
            var code = comparison.Run(line, "Comparison of methods", cells, token);
            return Task.FromResult(code == ExitCode.Success && settled.Count < rows.Count ? ExitCode.Failure : code);
        });
        return command;
    }

    // None where the task follows from other options.
    private static Option<List<ITask>>? TasksOf(Catalog catalog) => !catalog.Options.Contains(RunOptions.Task) ? null : ParsedOption.Create(
        "--tasks", $"{catalog.Name} tasks to train on: {catalog.TaskNames}.", "NAMES", text => ListArguments.Names(text).Select(catalog.FindTask).Distinct().ToList(), required: catalog.TaskOf is null);
}
