using AdaLora.Tests.Models;
using AdaLora.Training;
using AdaLora.Training.Progress;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

public sealed class LeakTests
{
    [Fact]
    public void A_thousand_training_steps_leave_as_many_tensors_as_a_hundred()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Dropout = 0.1, TrainedModules = ["head"], MaskInterval = 3, Seed = 1 });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 1100, ReportEvery = 50, EvaluateEvery = 50, GradientAccumulation = 2, KeepBest = false, CompactWhenFinal = false });
        using var batches = new Batches(50);
        var counts = new Dictionary<long, long>();

        trainer.Fit(
            batches.All,
            b => TinyTask.Loss(model, b),
            () => TinyTask.Loss(model, batches.All[0]).item<float>(),
            progress: new Recorder(p => counts[p.Step] = DisposeScopeManager.Statistics.ThreadTotalLiveCount));

        Assert.Equal(counts[100], counts[1100]);
    }

    private sealed class Batches(int count) : IDisposable
    {
        public IReadOnlyList<(Tensor Inputs, Tensor Labels)> All { get; } = Make(count);

        public void Dispose()
        {
            foreach (var (inputs, labels) in All)
            {
                inputs.Dispose();
                labels.Dispose();
            }
        }

        private static List<(Tensor, Tensor)> Make(int count)
        {
            using var scope = NewDisposeScope();
            return [.. TinyTask.Batches(count).Select(b => (b.Inputs.DetachFromDisposeScope(), b.Labels.DetachFromDisposeScope()))];
        }
    }

    private sealed class Recorder(Action<TrainingProgress> record) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => record(value);
    }
}
