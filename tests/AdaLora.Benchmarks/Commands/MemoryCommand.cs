using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class MemoryCommand
{
    public static Command Create()
    {
        var peers = new PeerOptions("cola", length: 128);
        var steps = ParsedOption.Number("--steps", "Training steps per process.", 30);
        var rounds = ParsedOption.Number("--rounds", "Processes per program.", 1);
        return BenchmarkCommand.Create(
            "memory",
            "Measures the peak memory of whole training processes, PEFT's and ours, and the bytes that the adapters' state takes.",
            [.. peers.All, steps, rounds],
            Run);

        IEnumerable<BenchmarkTable> Run(ParseResult line)
        {
            ITrainingProgram[] programs = [.. Peft(line), peers.Own(line)];
            // All processes come first: see ChildProcess.
            var processes = peers.Compare(line, work => RunComparison.Run(programs, work, epochs: 1, line.GetValue(steps), Math.Max(1, line.GetValue(rounds)))).ToList();
            return [.. processes, AdapterStateTable.Create(peers.Model(line))];
        }

        IEnumerable<ITrainingProgram> Peft(ParseResult line)
        {
            try
            {
                return [peers.Peft(line)];
            }
            catch (SkippedException e)
            {
                Console.Error.WriteLine(e.Message);
                return [];
            }
        }
    }
}
