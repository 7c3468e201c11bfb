using AdaLora.Allocation;
using AdaLora.Bank;
using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Times importance, mask and regulariser alone: on the bank of this library, and matrix by matrix.</summary>
internal static class AllocatorBenchmark
{
    /// <param name="matrices">Numbers of adapted matrices: per layer of six, four of 768 x 768, one of 3072 x 768 and one of 768 x 3072.</param>
    /// <param name="ranks">Triplets per matrix.</param>
    /// <param name="pace">How long to measure.</param>
    public static BenchmarkTable Run(IReadOnlyList<int> matrices, IReadOnlyList<int> ranks, Pace pace)
    {
        set_num_threads(pace.Threads);
        // The runtime recompiles frequently run code with better optimisation: a typical training step is not among the first ones.
        Run(6, 2, pace with { Warmup = 0, Rounds = 100 });
        return new BenchmarkTable("DeBERTaV3-base's shapes", [.. matrices.SelectMany(count => ranks.Select(rank => Run(count, rank, pace)))], "The ratio compares the bank with matrix by matrix.");
    }

    private static BenchmarkRow Run(int matrices, int rank, Pace pace)
    {
        manual_seed(1).Dispose();
        var shapes = Enumerable.Range(0, matrices).Select(i => (i % 6) switch { 4 => (Out: 3072, In: 768), 5 => (Out: 768, In: 3072), _ => (Out: 768, In: 768) }).ToList();
        using var bank = TripletBank.Create(BankLayout.Create(shapes.Select((s, i) => new TripletShape($"m{i:D3}", s.Out, s.In, rank))), ScalarType.Float32, CPU);
        bank.Initialize(_ => TripletDraw.Normal(0.02), 1);
        using var tracker = new ImportanceTracker(bank);
        var schedule = new BudgetSchedule(bank.Layout.Triplets, bank.Layout.Triplets * 2 / 3, 1_000_000, 0, 1000);
        var allocator = new RankAllocator(bank, schedule, tracker);
        var regularizer = new OrthogonalityRegularizer(bank, 0.1);
        using var gradients = randn_like(bank.Gradients);
        using var finite = ones([], dtype: ScalarType.Bool);
        using var single = new MatrixByMatrix(shapes, rank);
        var step = 0L;
        var timings = Turns.Take([("matrix by matrix", single.Step), ("bank", Bank)], pace, NewGradients);
        var (separate, together) = (timings[0].Median, timings[1].Median);
        return new BenchmarkRow(
            $"{matrices} {(matrices == 1 ? "matrix" : "matrices")}, rank {rank}",
            [
                Figure.Count("entries", bank.Layout.Elements),
                Figure.Milliseconds("matrix by matrix ms", separate),
                Figure.Milliseconds("bank ms", together),
                Figure.Ratio("ratio", together / separate),
            ]);

        // What a backward pass leaves. The heap is tidied up outside the timed parts: the first larger allocation sorts all that was freed before, which is mostly left by the tensors of
        // single matrices.
        void NewGradients()
        {
            empty(100_000).Dispose();
            using var noGrad = no_grad();
            bank.Gradients.copy_(gradients);
            single.TakeGradients();
        }

        void Bank()
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            regularizer.AddGradients();
            allocator.Track(step, bank.Values, bank.Gradients, finite);
            allocator.Mask(step++, bank.Values);
        }
    }
}
