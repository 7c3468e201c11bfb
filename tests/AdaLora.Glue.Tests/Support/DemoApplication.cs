using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Runs;
using AdaLora.Glue.Commands;
using AdaLora.Glue.Commands.Runs;
using AdaLora.Glue.Demo;
using AdaLora.TestSupport;
using Spectre.Console;

namespace AdaLora.Glue.Tests;

/// <summary>The real application on the demo's encoder, with its output captured, in a folder with a small data set in CoLA's format.</summary>
internal sealed class DemoApplication : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DemoApplication() => DemoData.Create(1, 320, 64).Write(Data);

    public string Data => _folder.File("data");

    public string File(string name) => _folder.File(name);

    /// <summary>Trains a few steps into the folder <paramref name="output"/>.</summary>
    public (int Code, string Output, string Error) Train(string output, params string[] more) => Run([.. TrainLine(output, more)]);

    /// <summary>The same, stopped after a step.</summary>
    public (int Code, string Output, string Error) Interrupt(int step, string output, params string[] more)
    {
        using var cancel = new CancellationTokenSource();
        return Ask("", new CancelAtStep(new Runner(), step, cancel), cancel.Token, TrainLine(output, more));
    }

    private string[] TrainLine(string output, string[] more) =>
        ["train", "--task", "cola", "--data", Data, "--model", DemoDefaults.EncoderFolder, "--initial-rank", "6", "--target-rank", "4", "--lr", "5e-3", "--max-steps", "12", "--delta-t", "1",
            "--output", File(output), .. more];

    public (int Code, string Output, string Error) Run(params string[] args) => Ask("", args);

    /// <summary>Runs a command with something on its standard input.</summary>
    public (int Code, string Output, string Error) Ask(string input, params string[] args) => Ask(input, new Runner(new ModelFolder()), CancellationToken.None, args);

    private static (int Code, string Output, string Error) Ask(string input, IRunner runner, CancellationToken cancellation, string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var models = new ModelFolder();
        IReadOnlyList<Command> commands =
        [
            EvaluateCommand.Create(GlueDescription.Application, models),
            ClassifyCommand.Create(models, new StringReader(input)),
            SubmitCommand.Create(models),
            MergeCommand.Create(GlueDescription.Application, models),
        ];
        var services = new ApplicationServices
        {
            Description = GlueDescription.Application,
            Runner = runner,
            DemoRuns = DemoRuns.Prepare,
            Console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) }),
            Error = error,
            MoreCommands = commands,
        };
        return (new Application(services).Run(args, cancellation), output.ToString(), error.ToString());
    }

    public void Dispose() => _folder.Dispose();
}
