using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Runs;
using AdaLora.Instruct.Commands;

namespace AdaLora.Instruct.Demo;

/// <summary>Runs the demo, with what every command has: exit codes, messages, and Ctrl-C.</summary>
internal static class DemoHost
{
    public static int Run(IRunner runner, ModelFolder models)
    {
        var command = DemoCommand.Create(runner, models);
        return ApplicationHost.Run(
            [command.Name], InstructDescription.Application, runner, demoRuns: null, Processes.ProcessGroup.Single, Console.Error, CancellationToken.None, command);
    }
}
