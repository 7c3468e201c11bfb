using System.CommandLine;

namespace AdaLora.Benchmarks;

/// <summary>Writes the checkpoint that the programs compared load, in a process of its own, and prints the number of its parameters.</summary>
internal static class DecoderCheckpointCommand
{
    private const string Name = "decoder-checkpoint";

    private static readonly Argument<string> Folder = new("folder");

    public static Command Create()
    {
        var command = new Command(Name) { Folder };
        command.Hidden = true;
        command.SetAction(line => BenchmarkCommand.Guarded(() => Console.WriteLine(DecoderShape.Write(line.GetRequiredValue(Folder)))));
        return command;
    }

    /// <summary>Writes it.</summary>
    /// <returns>The number of its parameters.</returns>
    public static long Run(string folder) => long.Parse(ChildProcess.Run(BuiltProgram.Benchmarks, [Name, folder]).Output);
}
