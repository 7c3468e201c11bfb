using System.Diagnostics.Metrics;

namespace AdaLora.Training.Progress;

/// <summary>
/// What this process's trainings publish through System.Diagnostics.Metrics, for OpenTelemetry and dotnet-counters. Subscribe to the meter <see cref="MeterName"/>.
/// <list type="bullet">
/// <item><c>adalora.step.duration</c>, histogram, s: forward, backward and update of every optimiser step, without loading and evaluation</item>
/// <item><c>adalora.loss</c>, gauge: mean task loss since the previous report</item>
/// <item><c>adalora.budget</c>, gauge, {triplet}: triplets the schedule allows, or parameters if that is what the budget counts</item>
/// <item><c>adalora.triplets.live</c>, gauge, {triplet}: triplets the latest mask kept</item>
/// </list>
/// Gauges change with every report (<see cref="TrainerOptions.ReportEvery"/>), because only reports read from the device.
/// </summary>
public static class TrainingMetrics
{
    /// <summary>The name of the meter.</summary>
    public const string MeterName = "AdaLora";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Histogram<double> StepDuration = CreateStepDuration();
    private static readonly Gauge<double> Loss = Meter.CreateGauge<double>("adalora.loss", description: "Mean task loss since the previous report");
    private static readonly Gauge<int> Budget = Meter.CreateGauge<int>("adalora.budget", "{triplet}", "Triplets that the schedule allows, or parameters if the budget counts these");
    private static readonly Gauge<int> LiveTriplets = Meter.CreateGauge<int>("adalora.triplets.live", "{triplet}", "Triplets that the latest mask kept");

    private static Histogram<double> CreateStepDuration()
    {
        const string Name = "adalora.step.duration";
        const string Description = "Duration of an optimiser step";
#if NET9_0_OR_GREATER
        // The usual boundaries are in milliseconds: nearly every step would land in the first bucket.
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] };
        return Meter.CreateHistogram(Name, "s", Description, tags: null, advice);
#else
        return Meter.CreateHistogram<double>(Name, "s", Description);
#endif
    }

    internal static void RecordStep(double milliseconds) => StepDuration.Record(milliseconds / 1000);

    internal static void Record(TrainingProgress progress)
    {
        Loss.Record(progress.Loss);
        if (progress.Budget is { } budget)
            Budget.Record(budget);
        if (progress.LiveTriplets is { } live)
            LiveTriplets.Record(live);
    }
}
