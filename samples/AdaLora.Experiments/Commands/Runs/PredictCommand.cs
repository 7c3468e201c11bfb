using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tasks;

namespace AdaLora.Experiments.Commands.Runs;

/// <summary>The command that queries a finished run; its output is JSON lines.</summary>
internal static class PredictCommand
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="application">The application.</param>
    /// <param name="models">Finds base models.</param>
    /// <param name="summary">What it does.</param>
    /// <param name="options">The options that say what to ask.</param>
    /// <param name="inputs">What to ask of a run; read as answers are computed.</param>
    /// <param name="name">The command's name.</param>
    public static Command Create(
        ApplicationDescription application,
        ModelFolder models,
        string summary,
        IReadOnlyList<Option> options,
        Func<SavedRun, ParseResult, IEnumerable<IReadOnlyList<string>>> inputs,
        string name = "predict")
    {
        var arguments = new RunArguments(application.Catalog, models);
        var command = new ExampledCommand(name, summary, application.ExamplesOf(name));
        foreach (var option in options)
            command.Add(option);
        arguments.AddTo(command);
        command.SetAction((line, token) =>
        {
            var run = arguments.Open(line);
            var asked = inputs(run, line);
            using var trained = arguments.Load(line, run, run.Settings, DataSets.None, token);
            foreach (var answer in trained.Model.Predict(asked))
            {
                if (token.IsCancellationRequested)
                    return Task.FromResult(ExitCode.Cancelled);
                line.InvocationConfiguration.Output.WriteLine(answer.ToJsonString(Json));
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
