using AdaLora.Initialization;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Adapters;

public sealed class SvdLinearTests
{
    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.Float64, ScalarType.Float64, 1e-12)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32, 0.03)]
    [InlineData(ScalarType.Float16, ScalarType.Float32, 0.005)]
    public void The_base_keeps_its_dtype_and_adapters_are_at_least_single_precision(ScalarType baseType, ScalarType adapterType, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var model = nn.Sequential(nn.Linear(6, 5, dtype: baseType));
        var x = rand(3, 6).to(baseType);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, Alpha = 6, Seed = 1, Initialization = TripletInitialization.Normal(0.5) });
        var layer = Assert.Single(adapted.Adapters);
        Assert.All(layer.named_parameters(recurse: false), p => Assert.Equal(adapterType, p.parameter.dtype));
        using (no_grad())
            layer.get_parameter("lora_E")!.fill_(0.7);

        var y = model.call(x);
        Assert.Equal(baseType, y.dtype);
        Tensor expected;
        using (adapted.DisableAdapters())
            expected = model.call(x).to(ScalarType.Float64);
        var delta = layer.get_parameter("lora_B")!.to(ScalarType.Float64).mul(0.7).mm(layer.get_parameter("lora_A")!.to(ScalarType.Float64)).mul(6 / (3 + 1e-5));
        expected = expected + nn.functional.linear(x.to(ScalarType.Float64), delta);
        Assert.True((y.to(ScalarType.Float64) - expected).abs().max().item<double>() <= tolerance * Math.Max(1, expected.abs().max().item<double>()));

        y.to(ScalarType.Float32).sum().backward();
        Assert.Equal(adapterType, layer.get_parameter("lora_A")!.grad!.dtype);
        Assert.All(((nn.Module)layer.BaseLayer).parameters(), p => Assert.False(p.requires_grad));
    }

    [Fact]
    public void Rank_zero_leaves_the_base_layer_alone_and_the_others_train()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(
            model, new AdaLoraOptions
            {
                InitialRank = 4,
                TargetRank = 1,
                TrainedModules = ["head"],
                Overrides = ModuleOverrides.None.With("second", initialRank: 0),
                MaskInterval = 1,
                TotalSteps = 20
            });
        Assert.Equal([4, 0], adapted.Adapters.Select(a => a.Rank));
        Assert.Equal([16L, 0L], adapted.Adapters[1].get_parameter("lora_B")!.shape);
        Assert.Equal([0L, 16L], adapted.Adapters[1].get_parameter("lora_A")!.shape);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(20))
            TinyTask.Step(adapted, model, optimizer, batch);
        Assert.Equal([2, 0], adapted.Report().Modules.Select(m => m.LiveRank));
        using var delta = adapted.Adapters[1].DeltaWeight();
        Assert.Equal(0, delta.count_nonzero().item<long>());
    }

    [Fact]
    public void Attaching_changes_nothing_that_is_computed_and_detaching_gives_the_model_back()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        var (inputs, _) = TinyTask.Batches(1).Single();
        var before = model.call(inputs);
        var parameters = model.named_parameters().Select(p => (p.name, p.parameter, p.parameter.requires_grad)).ToList();
        var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        Assert.True((model.call(inputs) - before).abs().max().item<float>() < 1e-6);
        Assert.Contains("first.lora_A", model.state_dict().Keys);
        Assert.Contains("first.base_layer.weight", model.state_dict().Keys);
        Assert.False(model.get_parameter("first.base_layer.weight")!.requires_grad);
        Assert.True(model.get_parameter("head.weight")!.requires_grad);

        Assert.Same(model, adapted.Detach());
        Assert.Equal(parameters, model.named_parameters().Select(p => (p.name, p.parameter, p.parameter.requires_grad)));
        Assert.True(model.call(inputs).eq(before).all().item<bool>());
    }

    [Fact]
    public void The_product_is_what_an_adapter_adds_and_a_scope_switches_it_off()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using (no_grad())
            adapted.Adapters[0].get_parameter("lora_E")!.fill_(1);
        var (inputs, _) = TinyTask.Batches(1).Single();
        var on = model.call(inputs);
        Tensor off;
        using (adapted.DisableAdapters())
        {
            using (adapted.DisableAdapters())
                off = model.call(inputs);
            Assert.True(model.call(inputs).eq(off).all().item<bool>());
        }

        Assert.True((on - off).abs().max().item<float>() > 1e-3);
        Assert.True(model.call(inputs).eq(on).all().item<bool>());
    }
}
