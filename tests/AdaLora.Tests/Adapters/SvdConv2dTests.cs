using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Targeting;
using AdaLora.Tests.Goldens;
using AdaLora.TestSupport;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Tests.Adapters;

public sealed class SvdConv2dTests
{
    /// <summary>Stride, padding and its modes, dilation, groups and bias, in all combinations that a convolution takes.</summary>
    public static TheoryData<string> Layers => [.. Convolutions.Keys];

    private static readonly Dictionary<string, Func<ScalarType, Conv2d>> Convolutions = new(StringComparer.Ordinal)
    {
        ["plain"] = t => Conv2d(4, 6, 3, dtype: t),
        ["one pixel, no bias"] = t => Conv2d(4, 6, 1, bias: false, dtype: t),
        ["oblong"] = t => Conv2d(4, 6, (3, 2), stride: (1, 2), padding: (1, 0), dtype: t),
        ["strided and dilated"] = t => Conv2d(4, 6, 3, stride: 2, padding: 2, dilation: 2, dtype: t),
        ["two groups"] = t => Conv2d(4, 6, 3, padding: 1, groups: 2, dtype: t),
        ["depthwise"] = t => Conv2d(4, 8, 3, stride: 2, padding: 1, groups: 4, dtype: t),
        ["same"] = t => Conv2d(4, 6, (4, 3), Padding.Same, dilation: (1, 2), dtype: t),
        ["valid"] = t => Conv2d(4, 6, 3, Padding.Valid, stride: 2, dtype: t),
        ["same, in groups, circular"] = t => Conv2d(4, 6, 4, Padding.Same, padding_mode: PaddingModes.Circular, groups: 2, dtype: t),
        ["reflected"] = t => Conv2d(4, 6, 3, stride: 2, padding: 2, padding_mode: PaddingModes.Reflect, dtype: t),
        ["replicated"] = t => Conv2d(4, 6, (3, 2), padding: (1, 2), padding_mode: PaddingModes.Replicate, dtype: t),
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void An_adapted_convolution_is_the_convolution_with_the_sum_of_weight_and_product(string name)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Model(name, ScalarType.Float64);
        using var adapted = Attach(model);
        var layer = Assert.IsType<SvdConv2d>(Assert.Single(adapted.Adapters));
        var conv = (Conv2d)(Module)layer.BaseLayer;
        var weight = conv.weight.clone();
        model.eval();
        foreach (var images in (Tensor[])[randn(2, 4, 9, 8, dtype: ScalarType.Float64), randn(4, 9, 8, dtype: ScalarType.Float64), randn(1, 4, 9, 8, dtype: ScalarType.Float64)])
        {
            var actual = layer.call(images);
            using (adapted.DisableAdapters())
                Assert.NotEqual(0, (layer.call(images) - actual).abs().max().item<double>());
            adapted.Merge();
            Close.Absolute(weight + layer.DeltaWeight(), conv.weight, 1e-14, "merged weight");
            Close.RelativeToMaximum(layer.call(images), actual, 1e-12, name);
            adapted.Unmerge();
            Close.Absolute(weight, conv.weight, 0, "unmerged weight");
        }
    }

    /// <summary>Finite differences in double precision: along a random direction, the slope is the gradient's.</summary>
    [Theory]
    [MemberData(nameof(Layers))]
    public void Gradients_are_those_of_finite_differences(string name)
    {
        using var scope = NewDisposeScope();
        using var model = Model(name, ScalarType.Float64);
        using var adapted = Attach(model);
        var layer = adapted.Adapters[0];
        var images = randn(2, 4, 9, 8, dtype: ScalarType.Float64).requires_grad_();
        var weights = layer.call(images).detach().normal_();
        Tensor Loss() => (layer.call(images) * weights).sum();
        Loss().backward();
        foreach (var (part, tensor) in new (string,
            Tensor)[] { ("lora_A", layer.get_parameter("lora_A")!), ("lora_E", layer.get_parameter("lora_E")!), ("lora_B", layer.get_parameter("lora_B")!), ("images", images) })
        {
            using var noGrad = no_grad();
            const double Step = 1e-5;
            var (direction, gradient) = (randn_like(tensor), tensor.grad!);
            double At(double distance)
            {
                tensor.add_(direction * distance);
                var loss = Loss().item<double>();
                tensor.sub_(direction * distance);
                return loss;
            }

            var (slope, expected) = ((gradient * direction).sum().item<double>(), (At(Step) - At(-Step)) / (2 * Step));
            Assert.True(Math.Abs(slope - expected) <= 1e-6 * Math.Max(1, Math.Abs(expected)), $"{part}: {slope} instead of {expected}");
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, 1e-5)]
    [InlineData(ScalarType.BFloat16, 0.05)]
    [InlineData(ScalarType.Float64, 1e-12)]
    public void A_convolution_keeps_its_element_type_and_merges_to_rounding(ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Model("two groups", dtype);
        using var adapted = Attach(model);
        model.eval();
        var images = randn(2, 4, 9, 8).to(dtype);
        var separate = model.call(images);
        Assert.Equal(dtype, separate.dtype);
        adapted.Merge();
        Close.RelativeToMaximum(model.call(images), separate, tolerance, dtype.ToString());
    }

    [Fact]
    public void Dropout_in_front_of_a_convolution_drops_pixels_and_is_off_in_evaluation()
    {
        using var scope = NewDisposeScope();
        using var model = Model("plain", ScalarType.Float32);
        using var adapted = Attach(model, dropout: 0.5);
        var (layer, images) = (adapted.Adapters[0], ones(2, 4, 9, 8));
        model.eval();
        Assert.Equal(0, (layer.call(images) - layer.call(images)).abs().max().item<float>());
        model.train();
        manual_seed(1);
        var first = layer.call(images);
        Assert.NotEqual(0, (layer.call(images) - first).abs().max().item<float>());
        manual_seed(1);
        Assert.Equal(0, (layer.call(images) - first).abs().max().item<float>());
    }

    [Fact]
    public void A_convolution_is_trained_pruned_to_nothing_saved_and_loaded()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var model = Model("oblong", ScalarType.Float32);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            Targets = TargetModules.Suffixes("conv", "head"),
            TargetBudget = 2,
            InitialRank = 3,
            Seed = 1,
            TotalSteps = 12,
            InitialPhase = PhaseLength.Steps(2),
            FinalPhase = PhaseLength.Steps(4),
            MaskInterval = 1,
            // The linear layer's triplets come first in storage.
            Score = ImportanceScore.Custom("first in storage", _ => arange(6, 0, -1, dtype: ScalarType.Float32)),
        });
        var images = randn(4, 4, 9, 8);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        var losses = new List<float>();
        for (var step = 0; step < 12; step++)
        {
            optimizer.zero_grad();
            var loss = functional.mse_loss(model.call(images), ones(4, 3));
            losses.Add(loss.item<float>());
            loss.backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
        }

        Assert.True(losses[^1] < losses[0]);
        adapted.Compact(optimizer);
        Assert.Equal([0, 2], adapted.Adapters.Select(a => a.Rank));
        model.eval();
        using var noGrad = no_grad();
        var expected = model.call(images);
        adapted.Save(folder.Path);
        adapted.Detach();
        using var loaded = AdaLoraModel.Load(model, folder.Path);
        Close.Absolute(expected, model.call(images), 0, "outputs");
        Assert.Equal(["SvdConv2d", "SvdLinear"], loaded.Adapters.Select(a => a.GetType().Name));
    }

    [Fact]
    public void Rank_0_is_the_convolution_alone()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var model = Model("plain", ScalarType.Float32);
        var images = randn(2, 4, 9, 8);
        var expected = model.call(images);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Targets = TargetModules.Suffixes("conv"), InitialRank = 0, TargetRank = 0 });
        Close.Absolute(expected, model.call(images), 0, "outputs");
        Assert.Equal(0, adapted.Adapters[0].DeltaWeight().abs().max().item<float>());
    }

    /// <summary>What worked before convolutions could be adapted still gives the same adapters.</summary>
    [Fact]
    public void Only_targets_that_name_a_convolution_select_it()
    {
        foreach (var targets in (TargetModules[])[TargetModules.AllLinear, TargetModules.Globs("**"), TargetModules.Regex(".*"), TargetModules.Suffixes("head")])
        {
            using var model = Model("plain", ScalarType.Float32);
            var plan = AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = targets });
            Assert.Equal(["head"], plan.Adapters.Select(a => a.Name));
            Assert.Equal("conv", Assert.Single(plan.NotAdapted, m => m.Kind == "Conv2d").Name);
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Targets = targets });
            Assert.Equal(["SvdLinear"], adapted.Adapters.Select(a => a.GetType().Name));
        }

        using var named = Model("plain", ScalarType.Float32);
        var planned = Assert.Single(AdaLoraModel.Plan(named, new AdaLoraOptions { Targets = TargetModules.Suffixes("conv") }).Adapters);
        Assert.Equal(("conv", "Conv2d", 6L, 36L), (planned.Name, planned.Kind, planned.OutFeatures, planned.InFeatures));
        Assert.Equal("conv", Assert.Single(AdapterInjector.Find(named, TargetModules.Suffixes("conv", "head")).Refused).Path);
    }

    [Fact]
    public void A_field_that_holds_nothing_but_a_convolution_is_refused_with_the_reason()
    {
        using var model = new Sealed();
        var options = new AdaLoraOptions { Targets = TargetModules.Suffixes("_conv"), Attachment = AttachmentMethod.Replace };
        var message = Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(model, options)).Message;
        Assert.Contains("Conv2d", message, StringComparison.Ordinal);
        Assert.Contains("_conv", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(PaddingModes.Circular, Padding.Same, "swaps height and width")]
    [InlineData(PaddingModes.Constant, Padding.Valid, "Constant")]
    public void A_convolution_that_TorchSharp_computes_otherwise_than_PyTorch_is_refused(PaddingModes mode, Padding padding, string reason)
    {
        using var model = new Network(Conv2d(4, 6, (4, 2), padding, padding_mode: mode), ScalarType.Float32);
        Assert.Contains(reason, Assert.Throws<InjectionException>(() => Attach(model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_lora_of_a_convolution_in_groups_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        using var model = Model("two groups", ScalarType.Float32);
        using var adapted = Attach(model);
        Assert.Contains("conv", Assert.Throws<NotSupportedException>(() => adapted.ExportLora(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    private static AdaLoraModel Attach(Module model, double dropout = 0)
    {
        var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { Targets = TargetModules.Suffixes("conv"), InitialRank = 3, Dropout = dropout, Seed = 1 });
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (_, parameter) in adapted.Adapters[0].named_parameters(recurse: false))
            parameter.normal_();
        return adapted;
    }

    private static Network Model(string name, ScalarType dtype)
    {
        manual_seed(3);
        return new Network(Convolutions[name](dtype), dtype);
    }

    private sealed class Network : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> conv;
        private readonly Module<Tensor, Tensor> head;

        public Network(Conv2d conv, ScalarType dtype)
            : base(nameof(Network))
        {
            this.conv = conv;
            head = Linear(conv.out_channels, 3, dtype: dtype);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return head.call(conv.call(input).tanh().mean([2, 3])).MoveToOuterDisposeScope();
        }
    }

    private sealed class Sealed : Module<Tensor, Tensor>
    {
        private readonly Conv2d _conv = Conv2d(4, 6, 3);

        public Sealed()
            : base(nameof(Sealed)) => RegisterComponents();

        public override Tensor forward(Tensor input) => _conv.call(input);
    }
}
