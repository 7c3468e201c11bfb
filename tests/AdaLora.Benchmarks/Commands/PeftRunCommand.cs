using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class PeftRunCommand
{
    public static Command Create()
    {
        var peers = new PeerOptions("cola", length: 128);
        var epochs = ParsedOption.Number("--epochs", "Passes over the training set.", 5);
        var maxSteps = ParsedOption.OptionalNumber<int>("--max-steps", "Maximum number of steps.");
        var rounds = ParsedOption.Number("--rounds", "Training runs per program, each with the next seed.", 1);
        return BenchmarkCommand.Create(
            "peft-run",
            "Times whole training runs of PEFT and of AdaLora.Glue, from the start of the process to its end.",
            [.. peers.All, epochs, maxSteps, rounds],
            line => peers.Compare(line, work => RunComparison.Run([peers.Peft(line), peers.Own(line)], work, line.GetValue(epochs), line.GetValue(maxSteps), Math.Max(1, line.GetValue(rounds)))));
    }
}
