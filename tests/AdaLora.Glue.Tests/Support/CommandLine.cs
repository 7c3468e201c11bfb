using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Methods;
using AdaLora.Experiments.Settings;
using AdaLora.Glue.Commands;
using AdaLora.Glue.Tasks;
using AdaLora.TestSupport;
using Spectre.Console;

namespace AdaLora.Glue.Tests;

/// <summary>The application with its output captured, in a folder that holds a data and a model folder.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public CommandLine()
    {
        _ = Directory.CreateDirectory(Data);
        _ = Directory.CreateDirectory(Model);
        DemoRuns = () =>
        [
            .. new[] { TrainingMethods.Frozen, TrainingMethods.AdaLora }.Select(method => RunSettings.Of(GlueTasks.Find("cola"), method)
                .With(RunOptions.Data, Data)
                .With(RunOptions.Model, Model)
                .With(RunOptions.Output, _folder.File("demo", method.Name))),
        ];
    }

    public FakeRunner Runner { get; } = new();

    public Func<IReadOnlyList<RunSettings>> DemoRuns { get; set; }

    public IReadOnlyList<Command> MoreCommands { get; set; } = [];

    public string Data => _folder.File("glue");

    public string Model => _folder.File("model");

    public string Output => _folder.File("out");

    public string OutputText => _output.ToString();

    public string ErrorText => _error.ToString();

    public RunSettings Asked => Runner.Asked.Single();

    public string Path(params string[] parts) => _folder.File(parts);

    /// <summary>The arguments of train with what it requires, unless <paramref name="more"/> sets it, and <paramref name="more"/>.</summary>
    public string[] TrainArguments(params string[] more)
    {
        (string Option, string Value)[] required = [("--task", "cola"), ("--data", Data), ("--model", Model), ("--output", Output)];
        return ["train", .. required.Where(entry => !more.Contains(entry.Option)).SelectMany(entry => new[] { entry.Option, entry.Value }), .. more];
    }

    public int Train(params string[] more) => Run(TrainArguments(more));

    public int Run(params string[] args) => Run(args, CancellationToken.None);

    public int Run(string[] args, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(_output) });
        console.Profile.Width = 160;
        var services = new ApplicationServices { Description = GlueDescription.Application, Runner = Runner, DemoRuns = DemoRuns, Console = console, Error = _error, MoreCommands = MoreCommands };
        return new Application(services).Run(args, cancellationToken);
    }

    public void Dispose() => _folder.Dispose();
}
