using AdaLora.Bank;
using AdaLora.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times clipping and one step of AdamW alone: TorchSharp's and this library's, on parameters of the same sizes.</summary>
internal static class OptimizerBenchmark
{
    private static readonly (int Out, int In)[] MiniLmLayer = [(384, 384), (384, 384), (384, 384), (384, 384), (1536, 384), (384, 1536)];

    private static readonly long[][] MiniLmHead = [[384, 384], [384], [2, 384], [2]];

    public static BenchmarkTable Run(Pace pace)
    {
        set_num_threads(pace.Threads);
        // The runtime recompiles frequently run code with better optimisation: a typical training step is not among the first ones.
        Run("", [[1000]], pace with { Warmup = 0, Rounds = 100 });
        return new BenchmarkTable(
            "AdamW and clipping to 1.0",
            [
                Run("72 matrices of 768 x 768, rank 12: one bank", [Bank(Enumerable.Repeat((768, 768), 72), 12)], pace),
                Run("the same, matrix by matrix", [.. Enumerable.Repeat((long[][])[[768, 12], [12, 1], [12, 768]], 72).SelectMany(shapes => shapes)], pace),
                Run("MiniLM, rank 12: bank and head", [Bank(Enumerable.Repeat(MiniLmLayer, 6).SelectMany(layer => layer), 12), .. MiniLmHead], pace),
                Run("MiniLM's layers in full, and head", [.. Enumerable.Repeat(MiniLmLayer, 6).SelectMany(layer => layer).SelectMany(m => (long[][])[[m.Out, m.In], [m.Out]]), .. MiniLmHead], pace),
            ],
            "Ratios compare this library with TorchSharp.");
    }

    private static long[] Bank(IEnumerable<(int Out, int In)> matrices, int rank) =>
        [BankLayout.Create(matrices.Select((m, i) => new TripletShape($"m{i:D3}", m.Out, m.In, rank))).Elements];

    private static BenchmarkRow Run(string name, IReadOnlyList<long[]> shapes, Pace pace)
    {
        using var scope = NewDisposeScope();
        manual_seed(1).Dispose();
        Parameter[] own = [.. shapes.Select(shape => new Parameter(randn(shape)))], theirs = [.. own.Select(p => new Parameter(p.detach().clone()))];
        Tensor[] gradients = [.. shapes.Select(shape => randn(shape))];
        foreach (var parameter in (Parameter[])[.. own, .. theirs])
            parameter.grad = zeros(parameter.shape);
        using var fused = new FusedAdamW(own, 1e-3, weightDecay: 0.01);
#pragma warning disable RS0030 // What is compared with; nothing else runs beside it.
        using var torchSharp = optim.AdamW(theirs, 1e-3, weight_decay: 0.01);
#pragma warning restore RS0030
        using var norm = new GradientNorm(own);
#pragma warning disable RS0030 // TorchSharp's is what is compared with.
        var steps = Turns.Take([("TorchSharp", () => torchSharp.step()), ("this library", () => fused.step())], pace, NewGradients);
#pragma warning restore RS0030
        var clipping = Turns.Take([("TorchSharp", () => nn.utils.clip_grad_norm_(theirs, 1.0)), ("this library", () => norm.Measure(1.0))], pace, NewGradients);
        return new BenchmarkRow(
            name,
            [
                Figure.Count("parameters", shapes.Count),
                Figure.Count("entries", own.Sum(p => p.numel())),
                Figure.Milliseconds("TorchSharp's step ms", steps[0].Median),
                Figure.Milliseconds("step ms", steps[1].Median),
                Figure.Ratio("ratio", steps[1].Median / steps[0].Median),
                Figure.Milliseconds("TorchSharp's clipping ms", clipping[0].Median),
                Figure.Milliseconds("clipping ms", clipping[1].Median),
                Figure.Ratio("ratio of clipping", clipping[1].Median / clipping[0].Median),
            ]);

        // A collection would make TorchSharp's step fail now and then, and its time belongs to neither.
        void NewGradients()
        {
            foreach (var (parameter, gradient) in own.Concat(theirs).Zip(gradients.Concat(gradients)))
            {
                using var held = parameter.grad!;
                held.copy_(gradient);
            }

            GC.Collect(0);
        }
    }
}
