using System.CommandLine;

namespace AdaLora.Glue;

/// <summary>What commands on a finished run have in common.</summary>
internal sealed class RunArguments(ModelFolder models)
{
    private readonly Argument<string> _run = new("RUN") { Description = "The output folder of a finished run." };
    private readonly Option<string?> _model = new("--model") { Description = "The base model, if it is not where it was.", HelpName = "DIR" };

    private readonly Option<string> _device = RunDevice.Option();

    public void AddTo(Command command)
    {
        command.Add(_run);
        command.Add(_model);
        command.Add(_device);
    }

    public SavedRun Open(ParseResult line) => SavedRun.Open(line.GetRequiredValue(_run));

    /// <summary>Downloads, if there are any, are told on the error stream: the output belongs to results.</summary>
    public TrainedClassifier Load(ParseResult line, SavedRun run, CancellationToken cancellationToken) =>
        run.Load(line.GetValue(_model), line.GetRequiredValue(_device), models, new PlainReporter(line.InvocationConfiguration.Error), cancellationToken);
}
