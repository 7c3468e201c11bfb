using static TorchSharp.torch;

namespace AdaLora.Benchmarks;

/// <summary>Measures the bytes that training keeps of the triplets, at the start and after compaction.</summary>
internal static class AdapterStateTable
{
    private const double Megabyte = 1 << 20;

    /// <summary>Steps after which the pattern is final and everything is allocated.</summary>
    private const int Steps = 4;

    public static BenchmarkTable Create(string folder)
    {
        manual_seed(1).Dispose();
        var workload = new Workload(BenchmarkModel.OfCheckpoint(folder), Batch: 2, Length: 8, Dropout: 0, ScalarType.Float32);
        using var inputs = StepInputs.Random(workload.Batch, workload.Length);
        return new BenchmarkTable(
            $"State of the triplets of {workload.Model.Name}, in MB",
            [
                RowOf(Contender.AdaLora($"rank {AdapterPlan.InitialRank}", workload, model => AdapterPlan.WarmUp(model, workload.Dropout)), inputs),
                RowOf(Contender.AdaLora($"compacted to mean rank {AdapterPlan.TargetRank}", workload, model => AdapterPlan.Final(model, workload.Dropout)), inputs),
            ],
            "Which triplets survive decides how many parameters remain: those of wide matrices are larger. These are the survivors of random texts.");
    }

    private static BenchmarkRow RowOf(Contender contender, StepInputs inputs)
    {
        using (contender)
        {
            for (var step = 0; step < Steps; step++)
                contender.Step(inputs);
            var state = contender.MeasureState();
            return new BenchmarkRow(
                contender.Name,
                [
                    Figure.Count("parameters", state.Parameters),
                    Figure.Megabytes("values", state.Values / Megabyte),
                    Figure.Megabytes("gradients", state.Gradients / Megabyte),
                    Figure.Megabytes("two statistics", state.Statistics / Megabyte),
                    Figure.Megabytes("two moments", state.Moments / Megabyte),
                    Figure.Megabytes("together", state.Total / Megabyte),
                ]);
        }
    }
}
