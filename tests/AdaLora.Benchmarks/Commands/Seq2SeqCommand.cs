using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

/// <summary>Times training steps beside PEFT and beam search beside transformers, for models of an encoder and a decoder with random weights, in processes that take turns.</summary>
internal static class Seq2SeqCommand
{
    public static Command Create()
    {
        var peers = new Option<string?>("--peers") { Description = "The folder of PEFT's Python packages; without it, this is skipped.", HelpName = "DIR" };
        var shapes = ListOptions.Names("--shape", "Whose shape", [.. Seq2SeqBlock.Shapes.Keys], [.. Seq2SeqBlock.Shapes.Keys]);
        var kinds = ListOptions.Names("--work", "What to time", [Seq2SeqWork.Step, Seq2SeqWork.Generate], Seq2SeqWork.Step, Seq2SeqWork.Generate);
        var steps = ParsedOption.Number("--steps", "Steps, or batches of texts that are written, per process.", 8);
        var rounds = ParsedOption.Number("--rounds", "Processes per contender.", 3);
        var threads = PaceOptions.Threads();
        return BenchmarkCommand.Create(
            "seq2seq",
            "Times training steps of PEFT and ours, and beam search of transformers and ours, on models of an encoder and a decoder with random weights.",
            [peers, shapes, kinds, steps, rounds, threads],
            line =>
            {
                var peer = PythonPeer.Find(line.GetValue(peers));
                return from shape in line.GetRequiredValue(shapes)
                       from kind in line.GetRequiredValue(kinds)
                       select Compare(
                           peer,
                           new Seq2SeqWork { Shape = shape, Kind = kind, Steps = Math.Max(3, line.GetValue(steps)), Threads = line.GetValue(threads) },
                           Math.Max(1, line.GetValue(rounds)));
            });
    }

    private static BenchmarkTable Compare(PythonPeer peer, Seq2SeqWork work, int rounds)
    {
        var isStep = work.Kind == Seq2SeqWork.Step;
        return new ProcessTurns(peer, "peft_seq2seq.py", Seq2SeqBlockCommand.Name).Run(
            FormattableString.Invariant(
                $"random weights of {work.Shape}'s shape, {work.Batch} x {work.Source} -> {work.Target}, {(isStep ? $"training step, dropout {work.Dropout}" : $"{work.Beams} beams, per token")}, {work.Threads} threads"),
            isStep ? "PEFT" : "transformers",
            [.. work.Arguments()],
            rounds,
            $"{work.Steps - work.Uncounted} after the first {work.Uncounted}");
    }
}
