using System.CommandLine;
using AdaLora.Experiments.Commands;
using AdaLora.Experiments.Programs;
using AdaLora.Experiments.Runs;
using AdaLora.Experiments.Terminal;

namespace AdaLora.Instruct.Conversation;

/// <summary>Runs a command that handles Ctrl-C itself.</summary>
internal static class ConversationHost
{
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static int Run(string[] args, ApplicationDescription description, IRunner runner, Command command)
    {
        if (!StandardStreams.AreOpen())
            return ExitCode.Failure;
        StandardStreams.NameOutput();
        var services = new ApplicationServices { Description = description, Runner = runner, Console = TableConsole.On(Console.Out), Error = Console.Error, MoreCommands = [command] };
        return new Application(services).Run(args, CancellationToken.None);
    }
}
