using System.Diagnostics;
using AdaLora.Allocation;
using AdaLora.Experiments.Methods;
using AdaLora.Glue.Tasks;
using AdaLora.Transformers.Tokenization;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>A few training steps on real texts, all in the budgeting phase, as the script around PEFT makes them.</summary>
internal static class TrainingBlock
{
    /// <returns>The milliseconds of every step, without preparing its batch.</returns>
    public static IReadOnlyList<double> Run(PeerWork work, int steps)
    {
        set_num_threads(work.Threads);
        manual_seed(work.Seed).Dispose();
        var (tokenizer, examples) = (TextTokenizer.FromFolder(work.Model), GlueReader.Read(work.Data, work.Task, GlueSplit.Train));
        using var contender = ContenderFor(work, steps);
        var batches = examples.Take(steps * work.Batch).Chunk(work.Batch).ToList();
        var milliseconds = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            using var inputs = Encode(tokenizer, batches[step % batches.Count], work.Length);
            var watch = Stopwatch.StartNew();
            contender.Step(inputs);
            milliseconds.Add(watch.Elapsed.TotalMilliseconds);
        }

        return milliseconds;
    }

    private static Contender ContenderFor(PeerWork work, int steps)
    {
        var workload = new Workload(BenchmarkModel.OfCheckpoint(work.Model), work.Batch, work.Length, work.Dropout, ElementTypes.Of(work.ElementType));
        var method = GlueTasks.Catalog.FindMethod(work.Method);
        return method == TrainingMethods.AdaLora
            ? Contender.AdaLora(work.Method, workload,
                model => AdapterPlan.Budgeting(model, work.Dropout, maskInterval: 1) with { FinalPhase = PhaseLength.Steps(BlockPlan.FinalSteps(steps)), TotalSteps = BlockPlan.TotalSteps(steps) })
            : Contender.Plain(work.Method, workload, method);
    }

    private static StepInputs Encode(TextTokenizer tokenizer, IReadOnlyList<GlueExample> examples, int length)
    {
        var batch = tokenizer.Pad([.. examples.Select(example => tokenizer.Encode(example.Text, example.Pair, length))], length);
        var (ids, mask, types) = batch.ToTensors();
        return new StepInputs(ids, mask, types, tensor(examples.Select(example => (long)example.Label!).ToArray()));
    }
}
