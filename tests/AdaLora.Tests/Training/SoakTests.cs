using System.Diagnostics;
using System.Globalization;
using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Progress;
using TorchSharp;
using Xunit;

namespace AdaLora.Tests.Training;

/// <summary>Long training runs need no more memory at the end than at the beginning. ADALORA_SOAK gives the number of steps; figures of 10,000 are in docs/benchmarks.md.</summary>
public sealed class SoakTests
{
    private const long Megabyte = 1 << 20;

    [Fact]
    public void Memory_is_flat()
    {
        var steps = int.Parse(Environment.GetEnvironmentVariable("ADALORA_SOAK") ?? "3000", CultureInfo.InvariantCulture);
        using var model = new TinyModel(width: 64);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Dropout = 0.1, FinalPhase = PhaseLength.Fraction(0.1) });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = steps, ReportEvery = steps / 20, CompactWhenFinal = false });
        var looks = new List<Look>();

        _ = trainer.Fit(TinyTask.Batches(50), batch => TinyTask.Loss(model, batch), progress: new Watch(() => looks.Add(Look.Now())));

        // The first fifth is for warming up: code is compiled, caches fill.
        var (early, late) = (looks[looks.Count / 5], looks[^1]);
        TestContext.Current.SendDiagnosticMessage($"{steps} steps: {early} -> {late}");
        Assert.Equal(early.Tensors, late.Tensors);
        Assert.True(late.Managed - early.Managed < Megabyte + (64L * steps), $"managed heap: {early} -> {late}");
        Assert.True(late.Resident - early.Resident < 32 * Megabyte, $"resident memory: {early} -> {late}");
    }

    private sealed record Look(long Tensors, long Managed, long Resident)
    {
        public static Look Now()
        {
            GC.Collect();
            var managed = GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes;
            using var process = Process.GetCurrentProcess();
            return new Look(DisposeScopeManager.Statistics.ThreadTotalLiveCount, managed, process.WorkingSet64);
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Tensors} tensors, {Managed / 1e6:0.00} MB managed, {Resident / 1e6:0.0} MB resident");
    }

    private sealed class Watch(Action look) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => look();
    }
}
