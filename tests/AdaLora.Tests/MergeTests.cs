using AdaLora.Adapters;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

public sealed class MergeTests
{
    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.BFloat16, 0.05)]
    [InlineData(ScalarType.Float16, 0.01)]
    public void A_merged_model_computes_what_the_adapted_one_did_and_unmerging_gives_back_every_bit(ScalarType dtype, double tolerance)
    {
        using var trained = new TrainedTiny(28, dtype: dtype);
        var (weights, outputs) = (Weights(trained.Model), trained.Outputs());
        trained.Adapted.Merge();
        Assert.True(trained.Adapted.IsMerged);
        Assert.NotEqual(weights, Weights(trained.Model));
        Assert.All(outputs.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, tolerance));
        trained.Adapted.Unmerge();
        Assert.False(trained.Adapted.IsMerged);
        Assert.Equal(weights, Weights(trained.Model));
        Assert.Equal(outputs, trained.Outputs());
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-6)]
    [InlineData(ScalarType.Float64, 1e-14)]
    public void Without_the_originals_unmerging_subtracts(ScalarType dtype, double tolerance)
    {
        using var trained = new TrainedTiny(28, dtype: dtype);
        var weights = Weights(trained.Model);
        trained.Adapted.Merge(keepOriginals: false);
        trained.Adapted.Unmerge();
        Assert.All(weights.Zip(Weights(trained.Model)), w => Assert.Equal(w.First, w.Second, tolerance));
    }

    [Fact]
    public void Half_precision_is_merged_with_one_rounding_of_the_exact_sum()
    {
        using var scope = NewDisposeScope();
        using var trained = new TrainedTiny(28, dtype: ScalarType.BFloat16);
        var layer = trained.Adapted.Adapters[0];
        var weight = ((Linear)(nn.Module)layer.BaseLayer).weight;
        Tensor Wide(string name) => layer.get_parameter(name)!.detach().to(ScalarType.Float64);
        var exact = weight.to(ScalarType.Float64) + (Wide("lora_B") * Wide("lora_E").t()).mm(Wide("lora_A")) * layer.Scale;
        trained.Adapted.Merge();
        // Half a unit in the last of 8 bits, and a little for the single precision in between.
        Assert.True(((weight.to(ScalarType.Float64) - exact).abs() - (exact.abs() * Math.Pow(2, -8))).max().item<double>() <= 1e-7);
    }

    [Fact]
    public void A_merged_forward_pass_is_that_of_the_base_layer_alone()
    {
        using var trained = new TrainedTiny(28);
        trained.Adapted.Merge();
        var outputs = trained.Outputs();
        using (no_grad())
            trained.Adapted.TrainableParameters[0].fill_(double.NaN);
        Assert.Equal(outputs, trained.Outputs());
    }

    // Large enough for oneDNN where that is faster, and rows that do not fill a block.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_merged_layer_gives_what_its_base_layer_gives(bool withGraph)
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("wide", nn.Linear(130, 300)), ("head", nn.Linear(300, 2, hasBias: false)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TotalSteps = 100 });
        model.eval();
        adapted.Merge();
        using var mode = set_grad_enabled(withGraph);
        var (input, layer) = (randn(7, 31, 130).requires_grad_(withGraph), adapted.Adapters[0]);

        var output = layer.call(input);

        Assert.Equal([7, 31, 300], output.shape);
        Assert.True((layer.BaseLayer.call(input) - output).abs().max().item<float>() < 1e-5);
        Assert.Equal(withGraph, output.requires_grad);
        Assert.Contains("130", Assert.ThrowsAny<Exception>(() => layer.call(randn(7, 31))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_plain_model_is_what_is_left_after_merging_for_good()
    {
        using var trained = new TrainedTiny(28);
        var original = new TinyModel().named_parameters().Select(p => p.name).ToList();
        var outputs = trained.Outputs();
        var plain = trained.Adapted.MergeAndDetach();
        Assert.Same(trained.Model, plain);
        Assert.Equal(original, plain.named_parameters().Select(p => p.name));
        Assert.All(plain.parameters(), p => Assert.True(p.requires_grad));
        Assert.DoesNotContain(plain.named_modules(), m => m.module is SvdLinear);
        Assert.All(outputs.Zip(trained.Outputs()), o => Assert.Equal(o.First, o.Second, 1e-5));
    }

    [Fact]
    public void Detaching_a_merged_model_takes_the_adapters_out_of_its_weights()
    {
        using var trained = new TrainedTiny(28);
        using var original = new TinyModel();
        trained.Adapted.Merge();
        trained.Adapted.Detach();
        Assert.Equal(Values(original, "first.weight"), Values(trained.Model, "first.weight"));
        Assert.Equal(Values(original, "second.weight"), Values(trained.Model, "second.weight"));
    }

    [Theory]
    [InlineData(float.NaN, ScalarType.Float32)]
    [InlineData(float.PositiveInfinity, ScalarType.Float32)]
    [InlineData(1e10f, ScalarType.Float16)]
    public void Weights_that_would_not_be_finite_are_named_and_nothing_is_changed(float lambda, ScalarType dtype)
    {
        using var trained = new TrainedTiny(28, compact: true, dtype: dtype);
        var weights = Weights(trained.Model);
        using (no_grad())
            trained.Adapted.Adapters[1].get_parameter("lora_E")!.fill_(lambda);
        var message = Assert.Throws<ArithmeticException>(() => trained.Adapted.Merge()).Message;
        Assert.Contains("second", message, StringComparison.Ordinal);
        Assert.DoesNotContain("first", message, StringComparison.Ordinal);
        Assert.False(trained.Adapted.IsMerged);
        Assert.Equal(weights, Weights(trained.Model));
    }

    [Fact]
    public void A_weight_that_another_module_uses_is_not_merged()
    {
        using var shared = nn.Linear(8, 8, hasBias: false);
        using var tied = nn.Linear(8, 8, hasBias: false);
        tied.weight = shared.weight;
        using var model = nn.Sequential(("a", shared), ("b", tied), ("c", nn.Linear(8, 8)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Targets = TargetModules.Suffixes("a", "c") });
        var message = Assert.Throws<NotSupportedException>(() => adapted.Merge()).Message;
        Assert.Contains("the weight of 'a' is also 'b.weight'", message, StringComparison.Ordinal);
        Assert.DoesNotContain("'c'", message, StringComparison.Ordinal);
        Assert.False(adapted.IsMerged);
    }

    [Fact]
    public void Training_while_merged_is_an_error_wherever_it_begins()
    {
        using var scope = NewDisposeScope();
        using var trained = new TrainedTiny(12);
        trained.Adapted.Merge();
        var batch = TinyTask.Batches(1).Single();
        trained.Model.train();
        Assert.Throws<InvalidOperationException>(() => TinyTask.Loss(trained.Model, batch));
        Assert.Throws<InvalidOperationException>(() => trained.Adapted.BeforeOptimizerStep());
        Assert.Throws<InvalidOperationException>(() => trained.Adapted.Finish());
        Assert.Throws<InvalidOperationException>(() => trained.Adapted.Compact());
        Assert.Throws<InvalidOperationException>(() => trained.Adapted.DisableAdapters());
        Assert.Throws<InvalidOperationException>(() => trained.Adapted.Merge());
        Assert.Contains("Unmerge", Assert.Throws<InvalidOperationException>(() => new Trainer(trained.Adapted, new TrainerOptions { TotalSteps = 28 })).Message, StringComparison.Ordinal);

        // Outputs are computed in training mode too, and after unmerging everything continues.
        using (no_grad())
            trained.Model.call(batch.Inputs);
        trained.Adapted.Unmerge();
        Assert.Throws<InvalidOperationException>(trained.Adapted.Unmerge);
        trained.Model.train();
        using var optimizer = optim.SGD(trained.Adapted.TrainableParameters, 1e-2);
        TinyTask.Step(trained.Adapted, trained.Model, optimizer, batch);
        using (trained.Adapted.DisableAdapters())
            Assert.Throws<InvalidOperationException>(() => trained.Adapted.Merge());
    }

    [Fact]
    public void Merging_changes_nothing_of_what_is_saved()
    {
        using var folder = new TemporaryFolder();
        using var trained = new TrainedTiny(28);
        trained.Adapted.Save(folder.File("before"));
        trained.Adapted.ExportLora(folder.File("before-lora"));
        trained.Adapted.Merge();
        trained.Adapted.Save(folder.File("after"));
        trained.Adapted.ExportLora(folder.File("after-lora"));
        foreach (var file in (string[])["adapter_config.json", "adapter_model.safetensors"])
        {
            Assert.Equal(File.ReadAllBytes(folder.File("before", file)), File.ReadAllBytes(folder.File("after", file)));
            Assert.Equal(File.ReadAllBytes(folder.File("before-lora", file)), File.ReadAllBytes(folder.File("after-lora", file)));
        }
    }

    [Fact]
    public void Transposed_weights_and_rank_zero_are_merged_too()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(("a", new Conv1D(randn(6, 4), randn(4))), ("b", nn.Linear(4, 5)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 1, Overrides = ModuleOverrides.None.With("b", initialRank: 0) });
        using (no_grad())
            adapted.TrainableParameters[0].normal_();
        model.eval();
        var x = randn(7, 6);
        using var before = model.call(x);
        adapted.Merge();
        using var after = model.call(x);
        Close.RelativeToMaximum(before, after, 1e-5, "outputs");
    }

    private static double[] Weights(TinyModel model) =>
        [.. model.named_parameters().Where(p => p.name.EndsWith("base_layer.weight", StringComparison.Ordinal)).SelectMany(p => Read(p.parameter))];

    private static double[] Values(TinyModel model, string name) => Read(model.get_parameter(name)!);

    private static double[] Read(Tensor tensor)
    {
        using var wide = tensor.detach().to(ScalarType.Float64);
        return wide.data<double>().ToArray();
    }
}
