using AdaLora.Allocation;
using AdaLora.Internals;
using AdaLora.Internals.Cpu;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>
/// How often each step reads numbers back, each of which would wait for a device. All trainings are of 60 steps: all triplets for 20, masks every 10 until the pattern settles at 45.
/// </summary>
public sealed class HostReadTests
{
    private const int Steps = 60;

    // The schedule's step 45; with importance from before the optimiser's step it comes one step earlier.
    private const int FirstFinalStep = 46;
    private const int ReportReads = 3;

    private static AdaLoraOptions Options =>
        TinyTask.Options with { InitialRank = 8, Decay = BudgetDecay.Linear, MaskInterval = 10, InitialPhase = PhaseLength.Steps(20), FinalPhase = PhaseLength.Steps(15), Dropout = 0.1 };

    [Theory]
    [InlineData(SensitivityTiming.BeforeOptimizerStep, ScalarType.Float32)]
    [InlineData(SensitivityTiming.AfterOptimizerStep, ScalarType.Float32)]
    [InlineData(SensitivityTiming.AfterOptimizerStep, ScalarType.Float64)]
    public void A_loop_of_ones_own_reads_nothing_in_any_step(SensitivityTiming timing, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(dtype);
        using var adapted = AdaLoraModel.Attach(model, Options with { SensitivityTiming = timing });
        adapted.Begin(Steps);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var (reads, live) = (new List<long>(), new List<int>());
        foreach (var batch in TinyTask.Batches(Steps, dtype: dtype))
        {
            var before = HostRead.Count;
            optimizer.zero_grad();
            TinyTask.Loss(model, batch).backward();
            _ = adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
            reads.Add(HostRead.Count - before);
            live.Add(adapted.LiveTriplets);
        }

        Assert.Equal(Enumerable.Repeat(0L, Steps), reads);
        RequireAllPhases(live);
        Assert.True(adapted.IsPatternFinal);
    }

    /// <summary>Whether gradients are finite decides about the optimiser's step, so it must be known before it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_trainer_reads_whether_to_skip_a_step_and_otherwise_only_in_reports_and_when_it_compacts(bool skips)
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = Steps, ReportEvery = 7, SkipNonFiniteSteps = skips });
        var live = new List<int>();

        var reads = ReadsOfSteps(trainer, model, afterStep: () => live.Add(adapted.LiveTriplets));

        Assert.Equal(Enumerable.Range(1, Steps).Select(step => (skips ? 1L : 0) + (step % 7 == 0 || step == Steps ? ReportReads : 0) + (step == FirstFinalStep ? 1 : 0)), reads);
        RequireAllPhases(live);
    }

    [Fact]
    public void Evaluations_read_nothing_but_their_reports()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = Steps, ReportEvery = 7, EvaluateEvery = 10, SkipNonFiniteSteps = false, CompactWhenFinal = false });
        var evaluations = 0;

        var reads = ReadsOfSteps(trainer, model, evaluate: () => ++evaluations);

        Assert.Equal(Enumerable.Range(1, Steps).Select(step => step % 7 == 0 || step % 10 == 0 ? ReportReads : 0L), reads);
        Assert.Equal(6, evaluations);
    }

    [Fact]
    public void A_checkpoint_reads_what_it_writes()
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Options);
        using var trainer = new Trainer(adapted, new TrainerOptions
        {
            TotalSteps = Steps,
            ReportEvery = Steps,
            SkipNonFiniteSteps = false,
            CompactWhenFinal = false,
            Checkpoints = new CheckpointOptions { Folder = folder.Path, Every = 25, Keep = 2 },
        });

        var reads = ReadsOfSteps(trainer, model);

        // The sum of losses becomes a number before it becomes an entry of the file.
        long[] written = [.. Directory.GetFiles(folder.Path, "*.safetensors").Order(StringComparer.Ordinal).Select(path => Entries(path) + 1L)];
        Assert.Equal(2, written.Length);
        Assert.Equal(Enumerable.Range(1, Steps).Select(step => step == 50 ? written[0] : step == Steps ? ReportReads + written[1] : step == 25 ? reads[24] : 0), reads);
        Assert.True(reads[24] > 20);
    }

    [Fact]
    public void A_model_without_adapters_reads_as_little()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = Steps, ReportEvery = 7 });

        var reads = ReadsOfSteps(trainer, model);

        // Loss and norm; there is no penalty.
        Assert.Equal(Enumerable.Range(1, Steps).Select(step => step % 7 == 0 || step == Steps ? 3L : 1L), reads);
    }

    [Fact]
    public void Whatever_says_that_it_waits_once_reads_once()
    {
        using var scope = NewDisposeScope();
        using var tiny = new TrainedTiny(10);
        var adapted = tiny.Adapted;
        TinyTask.Loss(tiny.Model, TinyTask.Batches(1).Single()).backward();
        var gradients = adapted.BeforeOptimizerStep();
        (string Name, Action Read)[] readings =
        [
            (nameof(gradients.ReadIsFinite), () => gradients.ReadIsFinite()),
            (nameof(gradients.ReadNorm), () => gradients.ReadNorm()),
            (nameof(adapted.ReadPenalty), () => adapted.ReadPenalty()),
            (nameof(adapted.ReadGradientNorm), () => adapted.ReadGradientNorm()),
            (nameof(adapted.ReadRejectedUpdates), () => adapted.ReadRejectedUpdates()),
            (nameof(adapted.ReadPattern), () => adapted.ReadPattern()),
            (nameof(adapted.ReadImportance), () => adapted.ReadImportance()),
            (nameof(adapted.Report), () => adapted.Report()),
        ];

        Assert.All(readings, reading => Assert.Equal((reading.Name, 1), (reading.Name, ReadsOf(reading.Read))));
    }

    [Fact]
    public void Memory_of_the_host_is_not_read_from_a_device()
    {
        using var scope = NewDisposeScope();
        var elsewhere = empty(3, device: META);

        Assert.Contains("meta", Assert.Throws<InvalidOperationException>(() => { _ = HostMemory.Of(elsewhere); }).Message, StringComparison.Ordinal);
        Assert.Equal(0, ReadsOf(() => { _ = HostMemory.Of(zeros(3)); }));
    }

    private static void RequireAllPhases(List<int> live)
    {
        Assert.Equal(Steps, live.Count);
        Assert.True(live.Distinct().Count() > 3, $"Masks changed the budget to {string.Join(", ", live.Distinct())} only.");
        Assert.Equal(live[0], live[19]);
        Assert.NotEqual(live[FirstFinalStep - 3], live[FirstFinalStep - 1]);
        Assert.Equal(live[FirstFinalStep - 1], live[^1]);
    }

    // From one call of the loss to the next, or to the end: a step and whatever follows it.
    private static List<long> ReadsOfSteps(Trainer trainer, TinyModel model, Func<double>? evaluate = null, Action? afterStep = null)
    {
        var counts = new List<long>();
        trainer.Fit(TinyTask.Batches(Steps), batch =>
        {
            if (counts.Count > 0)
                afterStep?.Invoke();
            counts.Add(HostRead.Count);
            return TinyTask.Loss(model, batch);
        }, evaluate);
        afterStep?.Invoke();
        counts.Add(HostRead.Count);
        return [.. counts.Zip(counts.Skip(1), (before, after) => after - before)];
    }

    private static long ReadsOf(Action action)
    {
        var before = HostRead.Count;
        action();
        return HostRead.Count - before;
    }

    private static int Entries(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return file.Entries.Values.Count(entry => entry.ByteLength > 0);
    }
}
