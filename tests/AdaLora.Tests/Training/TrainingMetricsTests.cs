using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Progress;
using Xunit;

namespace AdaLora.Tests.Training;

public sealed class TrainingMetricsTests
{
    [Fact]
    public void Step_durations_advise_boundaries_in_seconds()
    {
        var boundaries = new List<double>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => boundaries.AddRange((instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? []) };
        TrainingMetrics.RecordStep(1);
        listener.Start();

        Assert.Equal(boundaries.Order(), boundaries);
        // Steps take from milliseconds to a minute: no bucket holds most of them.
        Assert.InRange(boundaries.Count(limit => limit is >= 0.001 and <= 60), 10, 20);
    }

    [Fact]
    public void A_listener_hears_of_every_step_and_every_report()
    {
        var thread = Environment.CurrentManagedThreadId;
        var heard = new ConcurrentQueue<(string Name, string? Unit, double Value)>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, all) => { if (instrument.Meter.Name == TrainingMetrics.MeterName) all.EnableMeasurementEvents(instrument); } };
        // Other tests train at the same time.
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Hear(instrument, value));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Hear(instrument, value));
        listener.Start();

        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, ReportEvery = 5 });
        var result = trainer.Fit(TinyTask.Batches(20), batch => TinyTask.Loss(model, batch));

        var byName = heard.ToLookup(measurement => measurement.Name);
        Assert.Equal(result.StepMilliseconds.Select(ms => ms / 1000), byName["adalora.step.duration"].Select(m => m.Value));
        Assert.All(byName["adalora.step.duration"], m => Assert.Equal("s", m.Unit));
        Assert.Equal(result.History.Select(report => report.Loss), byName["adalora.loss"].Select(m => m.Value));
        Assert.Equal(result.History.Select(report => (double)report.Budget!), byName["adalora.budget"].Select(m => m.Value));
        Assert.Equal(result.History.Select(report => (double)report.LiveTriplets!), byName["adalora.triplets.live"].Select(m => m.Value));

        void Hear(Instrument instrument, double value)
        {
            if (Environment.CurrentManagedThreadId == thread)
                heard.Enqueue((instrument.Name, instrument.Unit, value));
        }
    }
}
