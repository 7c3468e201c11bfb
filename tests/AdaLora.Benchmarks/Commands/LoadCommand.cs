using System.CommandLine;

namespace AdaLora.Benchmarks;

internal static class LoadCommand
{
    public static Command Create()
    {
        var pace = new PaceOptions(warmup: 3);
        var model = new Option<string?>("--model") { Description = "A checkpoint folder. [default: all-MiniLM-L6-v2 of the shared material]", HelpName = "DIR" };
        return BenchmarkCommand.Create(
            "load",
            "Times loading a checkpoint, compared with reading the bytes of its weights.",
            [model, .. pace.All],
            line => LoadBenchmark.Run(line.GetValue(model) is { } folder ? WorkloadOptions.Existing(folder) : SharedMaterial.Model, pace.Bind(line)));
    }
}
