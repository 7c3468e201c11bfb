using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class ProcessesCommand
{
    public static Command Create()
    {
        var material = new MaterialOptions("cola");
        var batch = ParsedOption.Number("--batch", "Texts of one process in a step.", 8);
        var time = ParsedOption.Number("--batch-ms", "Milliseconds that a batch of average length takes.", 100.0);
        var megabytes = ParsedOption.Number("--megabytes", "What is exchanged in a step: 4 bytes for each trained parameter.", 1.4);
        var bandwidth = ParsedOption.Number("--gigabits", "Gigabits per second of the network.", 10.0);
        var latency = ParsedOption.Number("--latency-us", "Microseconds that a message takes.", 30.0);
        return BenchmarkCommand.Create(
            "processes",
            "Computes what up to 1,024 processes would bring: how evenly the tokens of a task are dealt out, and how long gradients are exchanged.",
            [.. material.All, batch, time, megabytes, bandwidth, latency],
            line =>
            [
                ProcessProjection.Run(
                    material.Model(line), material.Data(line), material.Task(line),
                    line.GetValue(batch), line.GetValue(time), line.GetValue(megabytes), line.GetValue(bandwidth), line.GetValue(latency)),
            ]);
    }
}
