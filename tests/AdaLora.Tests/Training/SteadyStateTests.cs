using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>Nothing accumulates from step to step: every ordinary step ends with as many tensors as the one before, and allocates what those before it did.</summary>
public sealed class SteadyStateTests
{
    private const int Window = 100;
    private const int Steps = 10 * Window;

    // Of the managed bytes of a window. What must grow is the list of durations that a result holds, by 8 bytes a step.
    private const double Slack = 0.01;

    private static AdaLoraOptions Options => TinyTask.Options with { Dropout = 0.1, MaskInterval = 10, InitialPhase = PhaseLength.Steps(10), FinalPhase = PhaseLength.Steps(10) };

    [Fact]
    public void Steps_of_the_trainer()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = Steps, ReportEvery = Steps });
        var looks = new Looks();

        trainer.Fit(TinyTask.Batches(Steps), batch =>
        {
            looks.Take();
            return TinyTask.Loss(model, batch);
        });

        looks.RequireSteady();
    }

    [Fact]
    public void Steps_of_a_loop_of_ones_own()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, Options);
        adapted.Begin(Steps);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var looks = new Looks();

        for (var step = 0; step < Steps; step++)
        {
            looks.Take();
            using var scope = NewDisposeScope();
            TinyTask.Step(adapted, model, optimizer, TinyTask.Batches(1).Single());
        }

        looks.RequireSteady();
    }

    /// <summary>What there is at the beginning of each step, and how much the thread has allocated until then.</summary>
    private sealed class Looks
    {
        private readonly List<(long Tensors, long Allocated)> _looks = new(Steps);
        private readonly Dictionary<int, long> _heap = [];

        public void Take()
        {
            if (_looks.Count > 0 && _looks.Count % Window == 0)
                _heap[_looks.Count] = GC.GetTotalMemory(forceFullCollection: true);
            _looks.Add((DisposeScopeManager.Statistics.ThreadTotalLiveCount, GC.GetAllocatedBytesForCurrentThread()));
        }

        // The first window is for warming up, the last one holds the final phase. While code is recompiled, single windows allocate more or less; if steps allocated more and more, the
        // smallest would grow, too.
        public void RequireSteady()
        {
            Assert.Equal(Steps, _looks.Count);
            Assert.Single(_looks.Skip(Window).Take(8 * Window).Select(look => look.Tensors).Distinct());
            var (early, late) = (Enumerable.Range(1, 4).Min(Allocated), Enumerable.Range(5, 4).Min(Allocated));
            TestContext.Current.SendDiagnosticMessage($"{_looks[Window].Tensors} tensors; bytes of {Window} steps {string.Join(", ", Enumerable.Range(0, 9).Select(Allocated))}; heap {string.Join(", ", _heap.Values)}");
            Assert.True(late < early * (1 + Slack), $"{early / Window} bytes per step became {late / Window}");
            Assert.True(_heap[9 * Window] - _heap[4 * Window] < 64 << 10, $"heap: {string.Join(", ", _heap.Values)}");
        }

        private long Allocated(int window) => _looks[(window + 1) * Window].Allocated - _looks[window * Window].Allocated;
    }
}
