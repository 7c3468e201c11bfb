using AdaLora.Benchmarks;
using AdaLora.TestSupport;

namespace AdaLora.GpuCheck;

/// <summary>The application's demo on the CPU and on the device: the same losses at first, and equally good at the end.</summary>
internal sealed class DemoCheck : ICheck
{
    private const int ComparedSteps = 20;
    private const double LossTolerance = 1e-4, LeastMatthews = 0.6;

    public string Name => "demo";

    public string Title => "The demo on the CPU and on the device";

    public double LeastSeconds => 40;

    public void Run(CheckContext context)
    {
        using var folder = new TemporaryFolder();
        var (data, encoder) = (folder.File("data"), folder.File("encoder"));
        DemoTraining.WriteData(data, context.IsQuick);
        DemoTraining.WriteEncoder(encoder);
        CompareLosses(context, data, encoder);

        var device = DemoTraining.Run(data, encoder, context.Device, context.IsQuick ? 1 : null, dropout: null);
        var host = CheckContext.AsOnTheCpu(() => DemoTraining.Run(data, encoder, TorchSharp.torch.CPU, context.IsQuick ? 1 : null, dropout: null));
        context.Add(new CheckTable("Whole trainings, with dropout", ["Matthews", "steps", "triplets at the end", "seconds"],
            [Row("as on the CPU", host), Row(context.IsOnCard ? "on the card" : "as on a card, on the CPU", device)]));
        context.Require(host.Steps == device.Steps
            && host.LiveTriplets == device.LiveTriplets, $"{device.Steps} steps to {device.LiveTriplets} triplets on the device, {host.Steps} to {host.LiveTriplets} on the CPU.");
        if (context.IsQuick)
            return;
        context.Require(host.Matthews > LeastMatthews, $"Matthews' correlation on the CPU is {host.Matthews:F3}; more than {LeastMatthews} is expected.");
        context.Require(device.Matthews > LeastMatthews, $"Matthews' correlation on the device is {device.Matthews:F3}; more than {LeastMatthews} is expected.");
    }

    // Masks differ between devices, so there is no dropout here.
    private static void CompareLosses(CheckContext context, string data, string encoder)
    {
        using var still = new DropoutFolder(encoder, 0);
        var device = DemoTraining.Run(data, still.Path, context.Device, epochs: null, dropout: 0, stopAfter: ComparedSteps);
        var host = CheckContext.AsOnTheCpu(() => DemoTraining.Run(data, still.Path, TorchSharp.torch.CPU, epochs: null, dropout: 0, stopAfter: ComparedSteps));
        var farthest = host.Losses.Zip(device.Losses).Max(pair => Math.Abs(pair.First - pair.Second));
        context.Note($"Losses of the first {host.Losses.Count} steps without dropout, {host.Losses[0]:F4} to {host.Losses[^1]:F4}, differ by at most {farthest:G3}");
        context.Require(host.Losses.Count == ComparedSteps && device.Losses.Count == ComparedSteps, $"{host.Losses.Count} and {device.Losses.Count} losses.");
        context.Require(farthest <= LossTolerance, $"Losses differ by {farthest:G3}, allowed {LossTolerance:G3}.");
    }

    private static CheckRow Row(string name, DemoTraining.Result result) => new(name, [result.Matthews, result.Steps, result.LiveTriplets, result.Seconds]);
}
