using System.CommandLine;
using System.Globalization;
using AdaLora.Experiments.Settings;
using AdaLora.TestSupport;

namespace AdaLora.Benchmarks;

/// <summary>Times training steps beside PEFT and generation beside transformers, for a small Llama with random weights, in processes that take turns.</summary>
internal static class DecoderCommand
{
    private const int PromptTokens = 32;

    public static Command Create()
    {
        var peers = new Option<string?>("--peers") { Description = "The folder of PEFT's Python packages; without it, this is skipped.", HelpName = "DIR" };
        var kinds = ListOptions.Names("--work", "What to time", [DecoderWork.Step, DecoderWork.Generate], DecoderWork.Step, DecoderWork.Generate);
        var types = ListOptions.Names("--dtype", "Element types of the weights; bf16 is left out on a processor without instructions for it", ElementTypes.Names, [.. ElementTypes.Names]);
        var batches = ListOptions.Numbers("--generate-batch", "Prompts that are continued together.", 1, 8);
        var dropouts = ListOptions.Names("--dropout", "Dropout before the adapters", ["0", "0.1"], "0.1", "0");
        var steps = ParsedOption.Number("--steps", "Steps, or batches of prompts that are continued, per process.", 5);
        var rounds = ParsedOption.Number("--rounds", "Processes per contender.", 3);
        var threads = PaceOptions.Threads();
        return BenchmarkCommand.Create(
            "decoders",
            "Times training steps of PEFT and ours, and generation of transformers and ours, on a small Llama with random weights.",
            [peers, kinds, types, batches, dropouts, steps, rounds, threads],
            line => Compare(
                PythonPeer.Find(line.GetValue(peers)),
                [
                    .. from type in line.GetRequiredValue(types)
                       from kind in line.GetRequiredValue(kinds)
                       from work in kind == DecoderWork.Step
                           ? line.GetRequiredValue(dropouts).Select(dropout => new DecoderWork { Kind = kind, ElementType = type, Dropout = double.Parse(dropout, CultureInfo.InvariantCulture) })
                           : line.GetRequiredValue(batches).Select(batch => new DecoderWork { Kind = kind, ElementType = type, Batch = batch, Length = PromptTokens })
                       select work with { Steps = Math.Max(3, line.GetValue(steps)), Threads = line.GetValue(threads) },
                ],
                Math.Max(1, line.GetValue(rounds))));
    }

    private static IEnumerable<BenchmarkTable> Compare(PythonPeer peer, IReadOnlyList<DecoderWork> works, int rounds)
    {
        using var checkpoint = new TemporaryFolder();
        var parameters = DecoderCheckpointCommand.Run(checkpoint.Path);
        var turns = new ProcessTurns(peer, "peft_decoders.py", DecoderBlockCommand.Name);
        foreach (var work in works.Where(work => MachineDescription.ComputesBrain || work.ElementType != ElementTypes.Brain))
        {
            var isStep = work.Kind == DecoderWork.Step;
            var what = isStep ? FormattableString.Invariant($"training step, {work.Batch} x {work.Length}, dropout {work.Dropout}") : $"{work.Batch} x {work.Length} -> {work.NewTokens}, per token";
            yield return turns.Run(
                FormattableString.Invariant($"Llama with {parameters:N0} random weights in {work.ElementType}, {what}, {work.Threads} threads"),
                isStep ? "PEFT" : "transformers",
                [.. (work with { Model = checkpoint.Path }).Arguments()],
                rounds,
                $"{work.Steps - work.Uncounted} after the first {work.Uncounted}");
        }

        if (!MachineDescription.ComputesBrain && works.Any(work => work.ElementType == ElementTypes.Brain))
            yield return new BenchmarkTable("The same in bf16", [], "left out, as this processor has no instructions for it.");
    }
}
