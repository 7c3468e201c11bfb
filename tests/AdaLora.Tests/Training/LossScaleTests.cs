using AdaLora.Tests.Models;
using AdaLora.Tests.Training.Checkpoints;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Training;

/// <summary>The factor of the losses is removed again before anything sees the gradients, and adapts to what the gradients' type can hold.</summary>
public sealed class LossScaleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<double, bool, bool, bool> Scales =>
        [.. from scale in (double[])[1, 2, 1024, 65536, 16777216] from withAdapters in (bool[])[true, false] from withSums in (bool[])[true, false] from ownOptimizer in (bool[])[true,
            false] select new TheoryDataRow<double, bool, bool, bool>(scale, withAdapters, withSums, ownOptimizer)];

    /// <summary>Powers of two change exponents only: losses, penalties, clipping, importance, masks and weights are those without a scale, bit for bit. Several batches make up a step.</summary>
    [Theory]
    [MemberData(nameof(Scales))]
    public void A_training_in_single_precision_is_the_same_with_any_scale(double scale, bool withAdapters, bool withSums, bool ownOptimizer)
    {
        var plain = new Rehearsal
        {
            Folder = _folder.Path,
            Saves = false,
            WithAdapters = withAdapters,
            WithSums = withSums,
            Optimizer = ownOptimizer ? (parameters, rate) => optim.SGD(parameters, rate, momentum: 0.9) : null,
        };
        var scaled = plain with { Change = options => With(options, LossScale.Dynamic(scale, 7)) };

        var (expected, actual) = (plain.Run(), scaled.Run());

        Assert.Equal(expected.Losses, actual.Losses);
        Assert.Equal(expected.Weights, actual.Weights);
        Assert.Equal(expected.LiveTriplets, actual.LiveTriplets);
        Assert.Equal(expected.Result!.History.Select(p => (p.Loss, p.GradientNorm, p.Penalty)), actual.Result!.History.Select(p => (p.Loss, p.GradientNorm, p.Penalty)));
        Assert.Null(expected.Result.LossScale);
        Assert.Equal(Math.Min(scale * 16, 16777216), actual.Result.LossScale);
    }

    [Fact]
    public void A_step_that_is_not_finite_halves_the_scale_and_enough_good_ones_double_it()
    {
        using var parameter = new Parameter(ones(3));
        using var optimizer = new FusedAdamW([parameter]);
        var scaler = new LossScaler(LossScale.Dynamic(8, 3), optimizer);
        List<double> scales = [];
        foreach (var isFinite in (bool[])[true, true, false, true, true, true, true, true, true, false, false, false, false, false, false, false, true])
        {
            scaler.Update(isFinite);
            scales.Add(scaler.Scale);
        }

        Assert.Equal([8, 8, 4, 4, 4, 8, 8, 8, 16, 8, 4, 2, 1, 1, 1, 1, 1], scales);
    }

    [Fact]
    public void A_scale_ends_where_single_precision_is_still_far_from_its_end()
    {
        using var parameter = new Parameter(ones(3));
        using var optimizer = new FusedAdamW([parameter]);
        var scaler = new LossScaler(LossScale.Dynamic(8388608, 1), optimizer);
        foreach (var _ in Enumerable.Range(0, 5))
            scaler.Update(true);
        Assert.Equal(16777216, scaler.Scale);
    }

    /// <summary>Gradients beyond 65,504 are infinite in float16: the first steps are skipped until the scale fits, and weights and importance stay as they were meanwhile.</summary>
    [Fact]
    public void A_model_in_float16_finds_its_scale_and_learns()
    {
        using var model = new TinyModel(ScalarType.Float16);
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2, ReportEvery = 1, LossScale = LossScale.Dynamic(16777216, 50) });

        var result = trainer.Fit(TinyTask.Batches(40, dtype: ScalarType.Float16), batch => TinyTask.Loss(model, batch));

        Assert.InRange(result.SkippedSteps, 3, 24);
        Assert.InRange(adapted.ReadRejectedUpdates(), 3, result.SkippedSteps);
        Assert.Equal((1, 8388608.0), (result.History[0].SkippedSteps, result.History[0].LossScale));
        Assert.Contains(result.History.Zip(result.History.Skip(1)), pair => pair.Second.LossScale == 2 * pair.First.LossScale);
        Assert.True(result.History[^1].Loss < 0.8 * result.History[0].Loss, $"{result.History[0].Loss} -> {result.History[^1].Loss}");
        Assert.True(double.IsFinite(result.History[^1].GradientNorm));
    }

    [Fact]
    public void The_scale_is_automatic_for_weights_in_float16_only()
    {
        foreach (var (dtype, scale) in ((ScalarType, double?)[])[(ScalarType.Float16, 65536), (ScalarType.BFloat16, null), (ScalarType.Float32, null), (ScalarType.Float64, null)])
        {
            using var model = new TinyModel(dtype);
            foreach (var parameter in model.parameters().Skip(4))
                parameter.requires_grad = false;
            using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2 });
            Assert.Equal(scale, trainer.Fit(TinyTask.Batches(2, dtype: dtype), batch => TinyTask.Loss(model, batch)).LossScale);
        }
    }

    /// <summary>Most gradients of these losses are 0 in float16, and those that are not are numbers with few digits. Scaled, the head learns as it does in single precision.</summary>
    [Fact]
    public void Small_gradients_of_a_head_in_float16_are_not_lost()
    {
        var (single, scaled, unscaled) = (Train(ScalarType.Float32, LossScale.None), Train(ScalarType.Float16, LossScale.Automatic), Train(ScalarType.Float16, LossScale.None));
        Assert.Equal(single, scaled, 0.05);
        Assert.True(unscaled > 1.5 * single, $"without a scale {unscaled}, with one {scaled}, in single precision {single}");

        static double Train(ScalarType dtype, LossScale scale)
        {
            using var model = new TinyModel(dtype);
            using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2, MaxGradientNorm = null, AdamEpsilon = 1e-12, LossScale = scale });
            return trainer.Fit(TinyTask.Batches(40, dtype: dtype), batch => TinyTask.Loss(model, batch) * 1e-7).History[^1].Loss / 1e-7;
        }
    }

    /// <summary>A step within which the scale halves, and accumulated gradients of scaled losses in the checkpoint.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_resumed_training_in_float16_is_that_without_an_interruption(bool withAdapters)
    {
        var whole = new Rehearsal
        {
            Folder = _folder.Path,
            WithAdapters = withAdapters,
            Model = () => new TinyModel(ScalarType.Float16),
            Batches = () => TinyTask.Batches(13, dtype: ScalarType.Float16),
            Change = options => With(options, LossScale.Dynamic(4194304, 4)),
        };
        var expected = (whole with { Saves = false }).Run();
        Assert.InRange(expected.Result!.SkippedSteps, 2, 20);
        foreach (var crash in (int[])[4, 7, 18, 32])
        {
            whole.Run(crashBefore: crash);
            var resumed = whole.Run(resume: true);
            Assert.Equal(expected.Weights, resumed.Weights);
            Assert.Equal((expected.Result.LossScale, expected.Result.SkippedSteps), (resumed.Result!.LossScale, resumed.Result.SkippedSteps));
            Assert.Equal(expected.Result.History.Select(p => p.LossScale), resumed.Result.History.Select(p => p.LossScale));
            foreach (var file in Directory.GetFiles(_folder.Path))
                File.Delete(file);
        }
    }

    [Fact]
    public void Another_scale_is_refused_by_name_when_a_training_is_resumed()
    {
        var first = new Rehearsal { Folder = _folder.Path, Steps = 12 };
        first.Run(crashBefore: 12);
        var refusal = Assert.Throws<InvalidDataException>(() => (first with { Change = options => With(options, LossScale.Dynamic(1024)) }).Run(resume: true));
        Assert.Contains("LossScale is dynamic from 1024, doubled after 2000 steps and was none", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_custom_loop_with_a_scale_trains_as_without()
    {
        Assert.Equal(Train(LossScale.None), Train(LossScale.Dynamic(4096, 5)));

        static byte[] Train(LossScale scale)
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
            adapted.Begin(30);
            using var optimizer = new FusedAdamW(adapted.TrainableParameters, 1e-2);
            var scaler = new LossScaler(scale, optimizer);
            foreach (var batch in TinyTask.Batches(30))
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                scaler.Apply(TinyTask.Loss(model, batch)).backward();
                var isFinite = adapted.BeforeOptimizerStep(1.0, scaler).ReadIsFinite();
                if (isFinite)
                    optimizer.step();
                adapted.AfterOptimizerStep();
                scaler.Update(isFinite);
            }

            return adapted.TrainableParameters[0].detach().bytes.ToArray();
        }
    }

    /// <summary>They stay scaled in float16, where most would be 0 otherwise, but count as what they are.</summary>
    [Fact]
    public void Norm_clipping_and_averages_are_of_the_true_gradients_in_float16()
    {
        using var scope = NewDisposeScope();
        using var half = new Parameter(ones([4], ScalarType.Float16));
        using var single = new Parameter(zeros(4));
        using var optimizer = new FusedAdamW([half, single], beta1: 0);
        var scaler = new LossScaler(LossScale.Dynamic(), optimizer);
        using var norm = new AdaLora.Bank.GradientNorm([half, single]);
        scaler.Apply((half.to(ScalarType.Float32).sum() * 3e-8) + (single.sum() * 4e-8)).backward();
        scaler.Unscale([half, single]);
        norm.Measure(5e-8, scaler.Float16Factor);
        optimizer.step();

        Assert.Equal(1e-7, norm.Read(), 1e-10);
        // The guard of 1e-6 in the division by the norm makes the factor 5e-8 / 1.1e-6.
        var factor = 5e-8 / 1.1e-6;
        Assert.Equal(3e-8 * factor, optimizer.CaptureState()["0.exp_avg"][0].item<float>(), 3e-11 * factor);
        Assert.Equal(4e-8 * factor, optimizer.CaptureState()["1.exp_avg"][0].item<float>(), 4e-11 * factor);
    }

    /// <summary>An optimiser that does not support scales gets gradients without one, in float16 as well.</summary>
    [Fact]
    public void Any_optimiser_gets_true_gradients()
    {
        using var scope = NewDisposeScope();
        using var half = new Parameter(ones([4], ScalarType.Float16));
        using var single = new Parameter(ones(4));
        using var optimizer = optim.SGD([half, single], 1);
        var scaler = new LossScaler(LossScale.Dynamic(1024), optimizer);
        scaler.Apply(half.to(ScalarType.Float32).sum() + single.sum()).backward();
        scaler.Unscale([half, single]);
        Assert.All([half, single], parameter => Assert.Equal([1, 1, 1, 1], parameter.grad!.to(ScalarType.Float32).data<float>().ToArray()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(3)]
    [InlineData(1.5)]
    [InlineData(33554432)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_scale_that_is_no_power_of_two_in_range_is_refused(double scale) => Assert.Throws<ArgumentOutOfRangeException>(() => LossScale.Dynamic(scale));

    [Fact]
    public void A_dynamic_scale_needs_steps_that_can_be_skipped()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LossScale.Dynamic(growthInterval: 0));
        var options = new TrainerOptions { TotalSteps = 2, SkipNonFiniteSteps = false, LossScale = LossScale.Dynamic() };
        Assert.Contains("SkipNonFiniteSteps", Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);
        using var model = new TinyModel(ScalarType.Float16);
        Assert.Contains("SkipNonFiniteSteps", Assert.Throws<ArgumentException>(() => new Trainer(model, new TrainerOptions { TotalSteps = 2, SkipNonFiniteSteps = false })).Message,
            StringComparison.Ordinal);
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2, SkipNonFiniteSteps = false, LossScale = LossScale.None });
        Assert.Null(trainer.Fit(TinyTask.Batches(2, dtype: ScalarType.Float16), batch => TinyTask.Loss(model, batch)).LossScale);
    }

    private static TrainerOptions With(TrainerOptions o, LossScale scale) => new()
    {
        TotalSteps = o.TotalSteps,
        LearningRate = o.LearningRate,
        GradientAccumulation = o.GradientAccumulation,
        EvaluateEvery = o.EvaluateEvery,
        BestBeforeFinal = o.BestBeforeFinal,
        ReportEvery = o.ReportEvery,
        Seed = o.Seed,
        CompactWhenFinal = o.CompactWhenFinal,
        OptimizerFactory = o.OptimizerFactory,
        Checkpoints = o.Checkpoints,
        LossScale = scale,
    };
}
