using System.CommandLine;
using System.Text.Json;

namespace AdaLora.Glue;

/// <summary>The command that computes the official metrics of a finished run again.</summary>
internal static class EvaluateCommand
{
    public static Command Create(ModelFolder models)
    {
        var arguments = new RunArguments(models);
        var data = new Option<string?>("--data") { Description = "The GLUE folder, if it is not where it was.", HelpName = "DIR" };
        var json = new Option<bool>(TrainOptionNames.Json) { Description = "Print one JSON object." };
        var command = new ExampledCommand(
            "evaluate",
            "Computes the official metrics of a finished run on the dev set.",
            "AdaLora.Glue evaluate runs/cola-adalora-1 --json") { data, json };
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var settings = run.Settings with { Data = line.GetValue(data) ?? run.Settings.Data, Limit = null };
            using var trained = arguments.Load(line, run, token);
            var parts = settings.Task.Parts.Select(part => new Predictor(trained.Model, EncodedExamples.Read(settings, GlueSplit.Dev, part, trained.Tokenizer, new SilentReporter(), token)));
            var evaluator = new DevEvaluator(settings.Task, [.. parts]);
            evaluator.Evaluate();
            Print(line.InvocationConfiguration.Output, evaluator.Latest.Metrics, line.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static void Print(TextWriter output, IReadOnlyDictionary<string, double?> metrics, bool asJson)
    {
        if (asJson)
            output.WriteLine(JsonSerializer.Serialize(metrics));
        else
            foreach (var (name, value) in metrics)
                output.WriteLine($"{name,-20} {Formats.Metric(value)}");
    }
}
