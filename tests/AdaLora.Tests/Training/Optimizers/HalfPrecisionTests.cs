using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training.Optimizers;

/// <summary>Parameters in half precision are trained through copies in single precision: 1e-8 is 0 in float16, and most steps are smaller than the distance between two neighbouring values.</summary>
public sealed class HalfPrecisionTests
{
    public static TheoryData<ScalarType> Halves => [ScalarType.Float16, ScalarType.BFloat16];

    [Theory]
    [MemberData(nameof(Halves))]
    public void A_parameter_is_the_rounded_value_of_one_trained_in_single_precision(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var half = new Parameter(randn(1000).to(dtype));
        using var single = new Parameter(half.detach().to(ScalarType.Float32));
        using var first = new FusedAdamW([half], 1e-5);
        using var second = new FusedAdamW([single], 1e-5);
        for (var step = 0; step < 300; step++)
        {
            half.grad = randn(1000).to(dtype);
            single.grad = half.grad!.to(ScalarType.Float32);
            first.step();
            second.step();
        }

        Assert.Equal(dtype, half.dtype);
        Assert.Equal(Bytes(single.to(dtype)), Bytes(half));
        Assert.Equal(Bytes(single), Bytes(first.CaptureState()["0.master"]));
    }

    /// <summary>A checkpoint or the best weights may be put into the parameter between two steps; the copy must not undo that.</summary>
    [Theory]
    [MemberData(nameof(Halves))]
    public void What_others_write_into_the_parameter_counts(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var half = new Parameter(ones([4], dtype));
        using var optimizer = new FusedAdamW([half], 1e-5, weightDecay: 0);
        Step();
        var untouched = optimizer.CaptureState()["0.master"][1].item<float>();
        Assert.NotEqual(1, untouched);
        using (no_grad())
            half[0] = tensor(5, dtype);
        Step();
        Assert.Equal(5, half[0].to(ScalarType.Float32).item<float>());
        Assert.Equal(5, optimizer.CaptureState()["0.master"][0].item<float>(), 1e-4);
        // The other entries continued from their copies, not from their rounded values.
        Assert.Equal(untouched - 1e-5, optimizer.CaptureState()["0.master"][1].item<float>(), 1e-6);

        void Step()
        {
            half.grad = ones([4], dtype);
            optimizer.step();
        }
    }

    [Theory]
    [MemberData(nameof(Halves))]
    public void A_whole_model_in_half_precision_learns(ScalarType dtype)
    {
        using var model = new TinyModel(dtype);
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2 });

        var result = trainer.Fit(TinyTask.Batches(40, dtype: dtype), batch => TinyTask.Loss(model, batch));

        Assert.Equal((StopReason.Completed, 0L), (result.StopReason, result.SkippedSteps));
        Assert.True(result.History[^1].Loss < 0.7 * result.History[0].Loss, $"{result.History[0].Loss} -> {result.History[^1].Loss}");
        using var scope = NewDisposeScope();
        Assert.All(model.parameters(), p => Assert.True(p.isfinite().all().item<bool>()));
    }

    [Theory]
    [MemberData(nameof(Halves))]
    public void A_head_in_half_precision_beside_adapters_learns(ScalarType dtype)
    {
        using var model = new TinyModel(dtype);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2 });

        var result = trainer.Fit(TinyTask.Batches(40, dtype: dtype), batch => TinyTask.Loss(model, batch));

        Assert.Equal((StopReason.Completed, 0L), (result.StopReason, result.SkippedSteps));
        Assert.True(result.History[^1].Loss < 0.8 * result.History[0].Loss, $"{result.History[0].Loss} -> {result.History[^1].Loss}");
    }

    /// <summary>The norm of a gradient in float16 may be larger than any number of float16.</summary>
    [Fact]
    public void A_large_norm_in_half_precision_is_clipped_and_not_taken_for_infinite()
    {
        using var scope = NewDisposeScope();
        using var parameter = new Parameter(zeros([100], ScalarType.Float16));
        parameter.grad = ones([100], ScalarType.Float16).mul(30_000);
        using var norm = new AdaLora.Bank.GradientNorm([parameter]);
        norm.Measure(1);
        Assert.Equal(300_000, norm.Read(), 1.0);
        Assert.True(norm.IsFinite.item<bool>());
        Assert.Equal(0.1, parameter.grad!.to(ScalarType.Float32)[0].item<float>(), 1e-3);
    }

    private static byte[] Bytes(Tensor tensor) => tensor.detach().contiguous().bytes.ToArray();
}
