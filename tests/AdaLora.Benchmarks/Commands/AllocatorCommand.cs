using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class AllocatorCommand
{
    public static Command Create()
    {
        var pace = new PaceOptions();
        var matrices = ListOptions.Numbers("--matrices", "Adapted matrices.", 1, 6, 36, 72, 144, 512);
        var ranks = ListOptions.Numbers("--rank", "Triplets per matrix.", 2, 12, 64);
        return BenchmarkCommand.Create(
            "allocator",
            "Times importance, mask and regulariser alone, on the bank and matrix by matrix.",
            [matrices, ranks, .. pace.All],
            line => [AllocatorBenchmark.Run(line.GetRequiredValue(matrices), line.GetRequiredValue(ranks), pace.Bind(line))]);
    }
}
