using System.CommandLine;
using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Glue.Commands.Runs;

/// <summary>The command that computes the official metrics of a finished run again.</summary>
internal static class EvaluateCommand
{
    public static Command Create(ModelFolder models)
    {
        var arguments = new RunArguments(models);
        var data = new Option<string?>("--data") { Description = "The GLUE folder, if it has moved.", HelpName = "DIR" };
        var json = new Option<bool>(TrainCommand.Json) { Description = "Print one JSON object." };
        var command = new ExampledCommand(
            "evaluate",
            "Computes the official metrics of a finished run on the dev set.",
            "AdaLora.Glue evaluate runs/cola-adalora-1 --json") { data, json };
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var settings = run.Settings.With(RunOptions.Data, line.GetValue(data) ?? run.Settings.Get(RunOptions.Data)).With(RunOptions.Limit, null);
            using var trained = arguments.Load(line, run, settings, DataSets.Dev, token);
            Print(line.InvocationConfiguration.Output, trained.Model.Evaluate().Metrics, line.GetValue(json));
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
