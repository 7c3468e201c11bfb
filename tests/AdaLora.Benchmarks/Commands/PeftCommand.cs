using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class PeftCommand
{
    public static Command Create()
    {
        var peers = new PeerOptions("mrpc", length: 64);
        var elementTypes = ListOptions.ElementTypesOption();
        var steps = ParsedOption.Number("--steps", $"Steps per process, of which the first {BlockPlan.Uncounted} are not counted.", 15);
        var rounds = ParsedOption.Number("--rounds", "Processes per contender.", 3);
        return BenchmarkCommand.Create(
            "peft",
            "Times training steps of PEFT and ours on the same texts, in processes that take turns.",
            [.. peers.All, elementTypes, steps, rounds],
            line => peers.Compare(line, work => BlockComparison.Run(
                peers.Peft(line),
                peers.Own(line),
                work,
                line.GetRequiredValue(elementTypes),
                Math.Max(1, line.GetValue(rounds)),
                Math.Max(BlockPlan.Uncounted + 1, line.GetValue(steps)))));
    }
}
