using AdaLora.Devices;
using AdaLora.TestSupport;

namespace AdaLora.GpuCheck;

/// <summary>The application's demo with the whole model in half precision: it learns as well.</summary>
internal sealed class PrecisionCheck : ICheck
{
    private const double LeastMatthews = 0.6;

    public string Name => "precision";

    public string Title => "The demo with the whole model in half precision";

    public double LeastSeconds => 40;

    public void Run(CheckContext context)
    {
        using var folder = new TemporaryFolder();
        var (data, encoder) = (folder.File("data"), folder.File("encoder"));
        DemoTraining.WriteData(data, context.IsQuick);
        DemoTraining.WriteEncoder(encoder);
        var rows = new List<CheckRow>();
        foreach (var precision in (ModelPrecision[])[ModelPrecision.BFloat16, ModelPrecision.Float16])
        {
            var result = DemoTraining.Run(data, encoder, context.Device, context.IsQuick ? 1 : null, dropout: null, precision);
            rows.Add(new CheckRow(precision.Name, [result.Matthews, result.Steps, result.LiveTriplets, result.SkippedSteps, result.LossScale, result.Seconds]));
            context.Require(context.IsQuick || result.Matthews > LeastMatthews, $"Matthews' correlation in {precision.Name} is {result.Matthews:F3}; more than {LeastMatthews} is expected.");
        }

        context.Add(new CheckTable("Whole trainings, with dropout", ["Matthews", "steps", "triplets at the end", "skipped steps", "scale of the loss at the end", "seconds"], rows));
    }
}
