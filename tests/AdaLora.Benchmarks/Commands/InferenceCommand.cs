using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class InferenceCommand
{
    public static Command Create()
    {
        var (workload, pace) = (new WorkloadOptions(), new PaceOptions());
        return BenchmarkCommand.Create(
            "inference",
            "Times evaluation of the plain, the adapted and the merged model.",
            [.. workload.All, .. pace.All],
            line => workload.Measure(line, work => InferenceBenchmark.Run(work, pace.Bind(line))));
    }
}
