using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class KernelsCommand
{
    public static Command Create()
    {
        var (workload, pace) = (new WorkloadOptions(), new PaceOptions());
        return BenchmarkCommand.Create(
            "kernels",
            "Times the work of each of the library's own CPU kernels in a training step: by the kernel, and by libtorch's operations.",
            [.. workload.All, .. pace.All],
            line => workload.Measure(line, work => KernelBenchmark.Run(work, pace.Bind(line))));
    }
}
