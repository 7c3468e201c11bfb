using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Training.Progress;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>Training next to threads that keep the garbage collector busy gives the same result.</summary>
public sealed class GarbageTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 0)]
    [InlineData(ScalarType.Float32, 0.1)]
    [InlineData(ScalarType.Float64, 0.1)]
    public void A_training_beside_them_ends_with_the_same_bytes(ScalarType dtype, double dropout)
    {
        var steps = GarbageMakers.Steps / 3;
        var quiet = Train(steps, dtype, dropout);

        using var makers = new GarbageMakers();
        var busy = Train(steps, dtype, dropout);

        TestContext.Current.SendDiagnosticMessage($"{steps} steps beside {makers.Collections} collections");
        Assert.True(makers.Collections > steps / 20, $"only {makers.Collections} collections");
        Assert.Equal(quiet.Losses, busy.Losses);
        Assert.Equal(quiet.Weights, busy.Weights);
    }

    private static (double[] Losses, byte[] Weights) Train(int steps, ScalarType dtype, double dropout)
    {
        using var model = new TinyModel(dtype);
        using var seed = manual_seed(5);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Dropout = dropout });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = steps, ReportEvery = 1, MaxGradientNorm = 1 });
        var losses = new List<double>();
        // Created before, because their creation is not part of the test.
        var batches = TinyTask.Batches(50, dtype: dtype).ToList();

        _ = trainer.Fit(batches, batch => TinyTask.Loss(model, batch), progress: new Losses(losses));

        foreach (var (inputs, labels) in batches)
        {
            inputs.Dispose();
            labels.Dispose();
        }

        adapted.Merge();
        return ([.. losses], [.. model.state_dict().Values.SelectMany(weight => weight.contiguous().bytes.ToArray())]);
    }

    private sealed class Losses(List<double> losses) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => losses.Add(value.Loss);
    }
}
