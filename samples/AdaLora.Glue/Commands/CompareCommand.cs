using System.CommandLine;
using AdaLora.Experiments.Comparison;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Tasks;

namespace AdaLora.Glue.Commands;

/// <summary>The command that trains several methods on several tasks with several seeds and puts the results into one table.</summary>
internal static class CompareCommand
{
    public static Command Create(ICellRunner runner)
    {
        var command = new ExampledCommand(
            "compare",
            "Trains several methods on several tasks with several seeds and shows one table, with mean and standard deviation. Run it again to continue where it stopped.",
            "AdaLora.Glue compare --tasks cola,mrpc --data glue --model all-MiniLM-L6-v2",
            "AdaLora.Glue compare --methods adalora,lora --tasks cola --sweep-lr 3e-4,1e-3,3e-3 --sweep-lambda-lr-factor 1,10,30 --against lora --data glue --model all-MiniLM-L6-v2",
            "AdaLora.Glue compare --methods adalora,lora --tasks rte --seeds 1-5 --epochs 3 --data glue --model microsoft/deberta-v3-base --jobs 2 --threads 1");
        var methods = ParsedOption.Create(
            "--methods", $"Methods to train: {GlueTasks.Catalog.MethodNames}. [default: all]", "NAMES", text => ListArguments.Names(text).Select(GlueTasks.Catalog.FindMethod).Distinct().ToList());
        var tasks = ParsedOption.Create("--tasks", $"GLUE tasks to train on: {GlueTasks.Catalog.TaskNames}.", "NAMES",
            text => ListArguments.Names(text).Select(GlueTasks.Find).Distinct().ToList(), required: true);
        command.Add(methods);
        command.Add(tasks);
        var comparison = new ComparisonCommand(command, "comparison", GlueTasks.Catalog, runner, RunOptions.HeldOut);
        var sweep = new LearningRateSweep(command);
        command.SetAction((line, token) =>
        {
            // A list that was not given is empty, not null.
            IReadOnlyList<TrainingMethod> chosen = line.GetValue(methods) is { Count: > 0 } given ? given : TrainingMethods.All;
            if (comparison.Ignored(line, chosen) is { Count: > 0 } ignored)
                line.InvocationConfiguration.Error.WriteLine($"Note: none of the methods uses {string.Join(", ", ignored)}.");
            IReadOnlyList<(string Panel, string Row, RunSettings Settings)> rows =
                [.. from task in line.GetRequiredValue(tasks) from method in chosen select (task.Name, method.Name, comparison.Bind(line, task, method))];
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
}
