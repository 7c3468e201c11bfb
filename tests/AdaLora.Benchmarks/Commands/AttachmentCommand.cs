using System.CommandLine;
using AdaLora.Experiments.Settings;

namespace AdaLora.Benchmarks;

internal static class AttachmentCommand
{
    public static Command Create()
    {
        var (workload, pace) = (new WorkloadOptions(), new PaceOptions());
        var images = ParsedOption.Number("--images", "Images per step of the residual network.", 8);
        var size = ParsedOption.Number("--size", "Height and width of these images.", 96);
        return BenchmarkCommand.Create(
            "attachment",
            "Times whole training steps with adapters in place of their layers, as hooks and within the weights, and of full fine-tuning.",
            [.. workload.All, images, size, .. pace.All],
            line => workload.Measure(line, work => AttachmentBenchmark.OfEncoder(work, pace.Bind(line)))
                .Append(AttachmentBenchmark.OfResNet(Math.Max(2, line.GetValue(images)), Math.Max(32, line.GetValue(size)), pace.Bind(line))));
    }
}
