using System.CommandLine;
using AdaLora.Experiments.Commands.Runs;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Tasks;
using AdaLora.Instruct.Tasks;

namespace AdaLora.Instruct.Commands;

/// <summary>What chat and generate have in common: the run whose model answers.</summary>
internal sealed class RunOrModel(ModelFolder models)
{
    private readonly RunArguments _arguments = new(InstructTasks.Catalog, models);

    public void AddTo(Command command) => _arguments.AddTo(command);

    /// <exception cref="UserInputException">The folder is not that of a run, or does not fit its model.</exception>
    public TrainedRun Load(ParseResult line, CancellationToken cancellation)
    {
        var run = _arguments.Open(line);
        return _arguments.Load(line, run, run.Settings, DataSets.None, cancellation);
    }
}
