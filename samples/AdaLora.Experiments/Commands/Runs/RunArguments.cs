using System.CommandLine;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Settings;
using AdaLora.Experiments.Tasks;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Experiments.Commands.Runs;

/// <summary>What commands on a finished run have in common.</summary>
internal sealed class RunArguments(Catalog catalog, ModelFolder models)
{
    private readonly Argument<string> _run = new("RUN") { Description = "The output folder of a finished run." };
    private readonly Option<string?> _model = new("--model") { Description = "The base model, if it has moved.", HelpName = "DIR" };
    private readonly RunOptionSet _device = new(catalog, [RunOptions.Device]);

    public void AddTo(Command command)
    {
        command.Add(_run);
        command.Add(_model);
        _device.AddTo(command);
    }

    public SavedRun Open(ParseResult line) => SavedRun.Open(line.GetRequiredValue(_run), catalog);

    /// <summary>Loads a run. Downloads, if there are any, are reported on the error stream: the output is reserved for results.</summary>
    /// <param name="line">Says where the base model is, and where to compute.</param>
    /// <param name="run">The run.</param>
    /// <param name="settings">Its settings, with what has moved since.</param>
    /// <param name="sets">The data sets that are needed.</param>
    /// <param name="cancellationToken">Ends a download.</param>
    public TrainedRun Load(ParseResult line, SavedRun run, RunSettings settings, DataSets sets, CancellationToken cancellationToken)
    {
        var moved = line.GetValue(_model) is { } model ? settings.With(RunOptions.Model, model) : settings;
        return run.Load(DeviceOf(line, moved), sets, models, new PlainReporter(line.InvocationConfiguration.Error), cancellationToken);
    }

    // Not the one that it was trained on, which may be elsewhere.
    private RunSettings DeviceOf(ParseResult line, RunSettings settings) => _device.Bind(line, settings.With(RunOptions.Device, RunOptions.Device.Default(settings)));
}
