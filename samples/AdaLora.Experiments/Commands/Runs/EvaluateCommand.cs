using System.CommandLine;
using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Commands.Runs;

/// <summary>The command that computes the official metrics of a finished run again.</summary>
internal static class EvaluateCommand
{
    public static Command Create(ApplicationDescription application, ModelFolder models)
    {
        var arguments = new RunArguments(application.Catalog, models);
        var data = new Option<string?>("--data") { Description = "Other data to evaluate on, or the same if it has moved.", HelpName = "PATH" };
        var json = new Option<bool>(TrainCommand.Json) { Description = "Print one JSON object." };
        var output = new Option<string?>(RunOptions.Output.Name) { Description = "A folder for the files that belong to an evaluation, such as all predictions, if the task has any.", HelpName = "DIR" };
        var command = new ExampledCommand(
            "evaluate",
            "Computes the official metrics of a finished run on the dev set.",
            application.ExamplesOf("evaluate")) { data, json, output };
        var options = new RunOptionSet(application.Catalog, application.Catalog.OptionsOfEvaluation);
        options.AddTo(command);
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var given = line.GetValue(data) is { } path ? application.Catalog.EvaluatedOn(run.Settings, path) : run.Settings;
            var settings = options.Bind(line, given.With(RunOptions.Limit, null));
            using var trained = arguments.Load(line, run, settings, DataSets.Dev, token);
            var scores = trained.Model.Evaluate();
            Print(line.InvocationConfiguration.Output, scores.Metrics, line.GetValue(json));
            if (line.GetValue(output) is { } folder && ScoreFiles.Write(folder, scores) is { Count: > 0 } files && !line.GetValue(json))
                FileList.Write(line.InvocationConfiguration.Output, folder, files);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Print(TextWriter output, IReadOnlyDictionary<string, double?> metrics, bool asJson)
    {
        if (asJson)
        {
            output.WriteLine(JsonSerializer.Serialize(metrics));
        }
        else
        {
            foreach (var (name, value) in metrics)
                output.WriteLine($"{name,-20} {Formats.Metric(value)}");
        }
    }
}
