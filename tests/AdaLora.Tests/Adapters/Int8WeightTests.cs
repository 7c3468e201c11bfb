using AdaLora.Adapters.FrozenWeights;
using AdaLora.Injection;
using AdaLora.Tests.Goldens;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using CsCheck;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Adapters;

/// <summary>Frozen weights in eight bits: their error, what is computed with them, and who has which weights when.</summary>
public sealed class Int8WeightTests
{
    private static readonly AdaLoraOptions Options = TinyTask.Options with { BasePrecision = BasePrecision.Int8, TrainedModules = [] };

    [Fact]
    public void Every_entry_is_off_by_half_a_scale_at_most_and_the_scale_is_a_127th_of_the_row_s_largest() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[-12, 12], Gen.Int[0, 1 << 20]).Sample((rows, columns, exponent, seed) =>
    {
        using var scope = NewDisposeScope();
        manual_seed(seed);
        var weight = randn(rows, columns, dtype: ScalarType.Float64) * Math.Pow(10, exponent);
        var form = Int8Form.Of(weight);
        var largest = weight.abs().amax([1], keepdim: true);
        Assert.True(((form.Dense() - weight).abs() <= largest / 254 * (1 + 1e-12)).all().item<bool>());
        Assert.True((form.Tensors[1] * 127 - largest).abs().le(largest * 1e-12).all().item<bool>());
        Assert.Equal(ScalarType.Int8, form.Tensors[0].dtype);
        Assert.InRange(form.Tensors[0].to(ScalarType.Int32).abs().max().item<int>(), 0, 127);
    }, iter: 100);

    [Fact]
    public void A_row_of_zeros_stays_one_and_what_is_not_finite_shows()
    {
        using var scope = NewDisposeScope();
        var weight = tensor(new float[,] { { 0, 0 }, { 1, -2 }, { float.NaN, 1 }, { float.PositiveInfinity, 1 } });
        var output = Int8Form.Of(weight).Linear(ones(1, 2), null).data<float>().ToArray();
        Assert.Equal(0, output[0]);
        Assert.Equal(-1, output[1], 0.01f);
        Assert.True(float.IsNaN(output[2]) && !float.IsFinite(output[3]));
    }

    /// <summary>Weights that are computed in several slices give the same result as one product.</summary>
    [Theory]
    [InlineData(3, 7)]
    [InlineData(513, 16384)]
    [InlineData(2, 5_000_000)]
    public void Products_are_those_with_the_dense_weight(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var form = Int8Form.Of(randn(rows, columns, dtype: ScalarType.Float64));
        var (input, gradient, bias) = (randn(4, columns, dtype: ScalarType.Float64), randn(4, rows, dtype: ScalarType.Float64), randn(rows, dtype: ScalarType.Float64));
        Close.RelativeToMaximum(functional.linear(input, form.Dense(), bias), form.Linear(input, bias), 1e-10, "product");
        Close.RelativeToMaximum(gradient.mm(form.Dense()), form.Multiply(gradient), 1e-12, "product of the gradient");
    }

    /// <summary>The fused layer and single operations, in double precision: along a random direction, the slope is the gradient's.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Gradients_are_those_of_finite_differences(bool isAdapted)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        using var model = Sequential(("a", Linear(5, 7, dtype: ScalarType.Float64)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = isAdapted ? 3 : 0, TargetRank = 0, BasePrecision = BasePrecision.Int8, Biases = BiasTraining.All });
        var adapter = adapted.Adapters[0];
        var input = randn(4, 5, dtype: ScalarType.Float64).requires_grad_();
        var weights = randn(4, 7, dtype: ScalarType.Float64);
        var parameters = adapter.named_parameters(recurse: false).Where(_ => isAdapted).Select(p => (Tensor)p.parameter).Append(adapter.BaseLayer.get_parameter("bias")!).Append(input).ToList();
        using (no_grad())
            parameters.ForEach(p => p.normal_());
        Tensor Loss() => (model.call(input) * weights).sum();
        Loss().backward();
        foreach (var parameter in parameters)
        {
            using var noGrad = no_grad();
            const double Step = 1e-5;
            var direction = randn_like(parameter);
            double At(double distance)
            {
                parameter.add_(direction * distance);
                var loss = Loss().item<double>();
                parameter.sub_(direction * distance);
                return loss;
            }

            var expected = (At(Step) - At(-Step)) / (2 * Step);
            Assert.Equal(expected, (parameter.grad! * direction).sum().item<double>(), 1e-6 * Math.Max(1, Math.Abs(expected)));
        }
    }

    /// <summary>All ways of computing an adapted layer agree with a model whose weights were rounded beforehand.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.BFloat16, 0.05)]
    public void A_model_computes_learns_and_merges_as_one_with_rounded_weights(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var rounded = new TrainedRounded(dtype);
        using var trained = new TrainedTiny(24, options: Options, dtype: dtype);
        var expected = rounded.Trained.Outputs();
        Assert.All(expected.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, tolerance));
        trained.Adapted.Merge();
        Assert.All(expected.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, tolerance));
        trained.Adapted.Unmerge();
        var again = trained.Outputs();
        Assert.All(expected.Zip(again), o => Assert.Equal(o.First, o.Second, tolerance));
        using (trained.Adapted.DisableAdapters())
        {
            using (rounded.Trained.Adapted.DisableAdapters())
                Assert.All(rounded.Trained.Outputs().Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, tolerance));
        }

        trained.Adapted.Compact();
        Assert.All(again.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, tolerance));
    }

    [Fact]
    public void The_layer_keeps_its_parameter_but_no_memory_for_it_until_it_is_detached()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        var parameters = model.parameters().ToList();
        var weight = model.get_parameter("first.weight")!;
        var (before, requiresGradient) = (weight.clone(), weight.requires_grad);
        using var adapted = AdaLoraModel.Attach(model, Options);
        Assert.Equal([16L, 8], weight.shape);
        Assert.Equal([0L, 0], weight.stride());
        Assert.True(weight.isnan().all().item<bool>());
        Assert.Equal(parameters.Sum(p => p.numel()) + adapted.Adapters.Sum(a => a.Rank * (a.Slot.Shape.OutFeatures + a.Slot.Shape.InFeatures + 1)), adapted.Report().Counts.Total);
        adapted.Detach();
        Assert.Equal(parameters.Select(p => p.Handle), model.parameters().Select(p => p.Handle));
        Assert.Equal(requiresGradient, weight.requires_grad);
        Assert.True((weight - before).abs().le(before.abs().amax([1], keepdim: true) / 253).all().item<bool>());
        Assert.NotEqual(0, (weight - before).abs().max().item<float>());
    }

    [Fact]
    public void What_was_merged_for_good_is_the_rounded_weight_and_the_product()
    {
        using var scope = NewDisposeScope();
        using var trained = new TrainedTiny(20, options: Options);
        var outputs = trained.Outputs();
        var adapter = trained.Adapted.Adapters[0];
        var expected = adapter.Frozen.Form.Dense() + adapter.DeltaWeight();
        trained.Adapted.MergeAndDetach();
        Close.Absolute(expected, trained.Model.get_parameter("first.weight")!, 0, "weight");
        Assert.All(outputs.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    [Fact]
    public void Disposing_the_adapters_leaves_the_model_with_weights_whichever_goes_first()
    {
        var model = new TinyModel();
        var adapted = AdaLoraModel.Attach(model, Options);
        adapted.Dispose();
        using (var scope = NewDisposeScope())
            Assert.All(model.parameters().Where(p => p.dim() == 2), p => Assert.True(p.isfinite().all().item<bool>()));
        model.Dispose();

        var gone = new TinyModel();
        var left = AdaLoraModel.Attach(gone, Options);
        gone.Dispose();
        left.Dispose();
    }

    [Fact]
    public void A_saved_adapter_is_that_of_a_model_in_full_precision()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var trained = new TrainedTiny(28, options: Options);
        trained.Adapted.Save(folder.Path);
        using var full = new TinyModel();
        using var loaded = AdaLoraModel.Load(full, folder.Path);
        Assert.All(trained.Outputs().Zip(TrainedTiny.Outputs(full)), o => Assert.Equal(o.First, o.Second, 0.05));
        Assert.True(trained.Adapted.Adapters.Zip(loaded.Adapters).All(a => a.First.DeltaWeight().eq(a.Second.DeltaWeight()).all().item<bool>()));
    }

    [Fact]
    public void Adapters_of_one_model_take_turns()
    {
        using var model = new TinyModel();
        var plain = TrainedTiny.Outputs(model);
        using (var set = new AdapterSet(model))
        {
            set.Add("eight bits", Options);
            var rounded = TrainedTiny.Outputs(model);
            Assert.NotEqual(plain, rounded);
            set.Add("full", Options with { BasePrecision = BasePrecision.AsLoaded });
            Assert.All(rounded.Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-6));
            set.Select("eight bits");
            Assert.All(rounded.Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-6));
        }

        Assert.All(plain.Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 0.02));
    }

    [Fact]
    public void A_shared_weight_is_refused_by_name_and_a_failed_attachment_rounds_nothing()
    {
        using var scope = NewDisposeScope();
        var table = Embedding(8, 4);
        var output = Linear(4, 8, hasBias: false);
        output.weight = table.weight!;
        using var tied = Sequential(("table", table), ("output", output));
        Assert.Contains("Int8", Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(tied, new AdaLoraOptions { BasePrecision = BasePrecision.Int8 })).Message, StringComparison.Ordinal);

        using var model = new TinyModel();
        var before = model.get_parameter("first.weight")!.clone();
        Assert.ThrowsAny<ArgumentException>(() => AdaLoraModel.Attach(model, Options with { TrainedModules = ["nowhere"] }));
        Close.Absolute(before, model.get_parameter("first.weight")!, 0, "weight");
    }

    [Fact]
    public void A_training_goes_on_from_a_checkpoint_of_the_same_weights_only()
    {
        using var folder = new TemporaryFolder();
        Fit(shift: 0, steps: 10);
        Assert.Contains("held frozen weights", Assert.Throws<InvalidDataException>(() => Fit(shift: 0.5f, steps: 20)).Message, StringComparison.Ordinal);
        Fit(shift: 0, steps: 20);

        void Fit(float shift, int steps)
        {
            using var model = new TinyModel();
            using (no_grad())
                model.get_parameter("second.weight")!.add_(shift);
            using var adapted = AdaLoraModel.Attach(model, Options);
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, Checkpoints = new CheckpointOptions { Folder = folder.Path, Every = 5, Resume = true } });
            using var cancellation = new CancellationTokenSource();
            var seen = 0;
            try
            {
                trainer.Fit(TinyTask.Batches(20), batch =>
                {
                    if (++seen > steps)
                        cancellation.Cancel();
                    return TinyTask.Loss(model, batch);
                }, cancellation: cancellation.Token);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    /// <summary>The same training with weights that were rounded before.</summary>
    private sealed class TrainedRounded : IDisposable
    {
        public TrainedRounded(ScalarType dtype)
        {
            using var scope = NewDisposeScope();
            var model = new TinyModel(dtype);
            AdaLoraModel.Attach(model, Options).Detach();
            Trained = new TrainedTiny(24, options: Options with { BasePrecision = BasePrecision.AsLoaded }, dtype: dtype, model: model);
        }

        public TrainedTiny Trained { get; }

        public void Dispose() => Trained.Dispose();
    }
}
