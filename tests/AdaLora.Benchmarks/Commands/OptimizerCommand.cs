using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class OptimizerCommand
{
    public static Command Create()
    {
        var pace = new PaceOptions(rounds: 100);
        return BenchmarkCommand.Create("optimizer", "Times AdamW and clipping alone, compared with TorchSharp's.", [.. pace.All], line => [OptimizerBenchmark.Run(pace.Bind(line))]);
    }
}
