using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>Losses as sums and counts: a step weighs all that counts in its batches alike.</summary>
public sealed class LossSumTests
{
    /// <summary>Batches of 16 in windows of three against the same examples cut at other places, with and without adapters; the last window of an epoch has less in it.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void How_examples_are_spread_over_the_batches_of_a_step_makes_no_difference(bool withAdapters, bool isOnDevice)
    {
        var whole = Train([16, 16, 16], withAdapters, isOnDevice);
        var uneven = Train([1, 30, 17], withAdapters, isOnDevice);
        var means = Train([1, 30, 17], withAdapters, isOnDevice, usesSums: false);

        Assert.All(whole.Weights.Zip(uneven.Weights), w => Assert.Equal(w.First, w.Second, 1e-9));
        Assert.All(whole.Losses.Zip(uneven.Losses), l => Assert.Equal(l.First, l.Second, 1e-9));
        Assert.Contains(whole.Weights.Zip(means.Weights), w => Math.Abs(w.First - w.Second) > 1e-6);
    }

    [Fact]
    public void A_step_in_which_nothing_counts_has_gradients_of_zero()
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2, WeightDecay = 0, Warmup = PhaseLength.Steps(0) });
        var before = Weights(model);

        var result = trainer.Fit(TinyTask.Batches(2), b => new LossSum(TinyTask.Loss(model, b).mul(zeros([])), 0));

        Assert.Equal(0, result.SkippedSteps);
        Assert.Equal(before, Weights(model));
        Assert.Equal(0, result.History[^1].GradientNorm);
    }

    [Fact]
    public void What_is_no_sum_or_no_count_is_refused()
    {
        using var sum = ones([], requires_grad: true);
        Assert.Throws<ArgumentNullException>(() => new LossSum(null!, 1));
        Assert.Throws<ArgumentNullException>(() => new LossSum(sum, null!));
        foreach (var count in (double[])[-1, double.NaN, double.PositiveInfinity])
            Assert.Throws<ArgumentOutOfRangeException>(() => new LossSum(sum, count));
        Assert.Contains("(2)", Assert.Throws<ArgumentException>(() => new LossSum(sum, ones(2))).Message, StringComparison.Ordinal);
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 1 });
        Assert.Contains("The loss is null", Assert.Throws<InvalidOperationException>(() => trainer.Fit([0], (int _) => (LossSum)null!)).Message, StringComparison.Ordinal);
    }

    private static (double[] Weights, double[] Losses) Train(int[] sizes, bool withAdapters, bool isOnDevice, bool usesSums = true)
    {
        using var model = new TinyModel(ScalarType.Float64);
        var windows = TinyTask.Batches(30, dtype: ScalarType.Float64).Chunk(3).Select(w => (Inputs: cat([.. w.Select(b => b.Inputs)]), Labels: cat([.. w.Select(b => b.Labels)]))).ToList();
        using var adapted = withAdapters ? AdaLoraModel.Attach(model, TinyTask.Options) : null;
        var options = new TrainerOptions { TotalSteps = 10, GradientAccumulation = sizes.Length, LearningRate = 1e-2, ReportEvery = 1 };
        using var trainer = adapted is null ? new Trainer(model, options) : new Trainer(adapted, options);
        var result = usesSums
            ? trainer.Fit(Batches(), batch =>
            {
                var (sum, count) = (Loss(batch).mul(tensor((double)batch.Labels.numel())), batch.Labels.numel());
                return isOnDevice ? new LossSum(sum, tensor(count)) : new LossSum(sum, count);
            })
            : trainer.Fit(Batches(), Loss);
        return (Weights(model), [.. result.History.Select(h => h.Loss)]);

        Tensor Loss((Tensor Inputs, Tensor Labels) batch) => nn.functional.cross_entropy(model.call(batch.Inputs), batch.Labels);
        IEnumerable<(Tensor Inputs, Tensor Labels)> Batches()
        {
            foreach (var (inputs, labels) in windows)
            {
                var first = 0L;
                foreach (var size in sizes)
                {
                    yield return (inputs.narrow(0, first, size), labels.narrow(0, first, size));
                    first += size;
                }
            }
        }
    }

    private static double[] Weights(TinyModel model) => [.. model.parameters().SelectMany(p => p.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray())];
}
