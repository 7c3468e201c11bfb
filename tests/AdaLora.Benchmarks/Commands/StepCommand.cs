using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class StepCommand
{
    public static Command Create()
    {
        var (workload, pace) = (new WorkloadOptions(), new PaceOptions());
        return BenchmarkCommand.Create(
            "step",
            "Times whole training steps of AdaLoRA in each phase, LoRA, the head alone and full fine-tuning.",
            [.. workload.All, .. pace.All],
            line => workload.Measure(line, work => StepBenchmark.Run(work, pace.Bind(line))));
    }
}
