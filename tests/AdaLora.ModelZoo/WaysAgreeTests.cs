using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>One training in three ways: with accumulated gradients, clipping, masks, a final pattern, compaction and the best weights.</summary>
public sealed class WaysAgreeTests
{
    private const double Rounding = 2e-5;

    private static AdaLoraOptions Options => AdaLoraOptions.ForTotalSteps(40, targetRank: 2) with { Alpha = 6, Seed = 3 };

    public static TheoryData<AttachmentMethod, string> Ways => new()
    {
        { AttachmentMethod.Hook, "linear" },
        { AttachmentMethod.Materialise, "linear" },
        { AttachmentMethod.Hook, "convolution" },
        { AttachmentMethod.Materialise, "convolution" },
        { AttachmentMethod.Materialise, "double" },
        { AttachmentMethod.Hook, "sequence" },
        { AttachmentMethod.Materialise, "sequence" },
        { AttachmentMethod.Hook, "volume" },
        { AttachmentMethod.Materialise, "volume" },
        { AttachmentMethod.Hook, "embedding" },
        { AttachmentMethod.Materialise, "embedding" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_same_training_gives_the_same_model(AttachmentMethod attachment, string kind)
    {
        var (expected, ranks) = Train(AttachmentMethod.Replace, kind);
        var (actual, others) = Train(attachment, kind);
        Assert.Equal(ranks, others);
        Assert.True(kind != "linear" || ranks.Distinct().Count() > 1);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, Rounding));
    }

    [Fact]
    public void A_hooked_layer_computes_the_very_same_bits() => Assert.Equal(Train(AttachmentMethod.Replace, "linear").Outputs, Train(AttachmentMethod.Hook, "linear").Outputs);

    [Fact]
    public void Hooks_of_other_people_see_what_the_layer_gets_and_gives()
    {
        using var scope = NewDisposeScope();
        var model = New("linear");
        var layer = (TorchSharp.Modules.Linear)model.named_modules().First(m => m.name == "b").module;
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = AttachmentMethod.Hook });
        var outputs = ZooModel.Run(model);
        var seen = new List<long>();
        _ = layer.register_forward_pre_hook((_, input) =>
        {
            seen.Add(input.shape[0]);
            return input;
        });
        _ = layer.register_forward_hook((_, _, output) =>
        {
            seen.Add(output.shape[0]);
            return output;
        });

        Assert.All(outputs.Zip(ZooModel.Run(model)), pair => Assert.Equal(pair.First, pair.Second, Rounding));
        Assert.Equal([16, 16], seen);
    }

    [Fact]
    public void A_set_of_adapters_takes_turns_in_all_ways()
    {
        using var scope = NewDisposeScope();
        var model = New("linear");
        var plain = ZooModel.Run(model);
        using var set = new AdapterSet(model);
        var outputs = new Dictionary<string, float[]>();
        foreach (var way in (AttachmentMethod[])[AttachmentMethod.Materialise, AttachmentMethod.Hook, AttachmentMethod.Replace])
        {
            var options = Options with { Attachment = way, TotalSteps = null, InitialPhase = PhaseLength.Fraction(0.2), FinalPhase = PhaseLength.Fraction(0.4), Seed = (long)way };
            var adapted = set.Add(way.ToString(), options);
            Assert.All(plain.Zip(ZooModel.Run(model)), pair => Assert.Equal(pair.First, pair.Second, Rounding));
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 10, LearningRate = 0.05 });
            _ = trainer.Fit(Enumerable.Range(0, 10), (int _) => ZooModel.Loss(model));
            outputs[way.ToString()] = ZooModel.Run(model);
        }

        foreach (var (name, expected) in outputs.Reverse())
        {
            _ = set.Select(name);
            Assert.Equal(expected, ZooModel.Run(model));
            Assert.NotEqual(plain, ZooModel.Run(model));
        }

        _ = set.Select(null);
        Assert.Equal(plain, ZooModel.Run(model));
    }

    [Fact]
    public void A_loop_that_leaves_out_the_calls_is_refused_with_their_names()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = New("linear");
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = AttachmentMethod.Materialise });
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 0.02);
        ZooModel.Loss(model).backward();
        optimizer.step();
        Assert.Contains("BeforeOptimizerStep before and AfterOptimizerStep after", Assert.Throws<InvalidOperationException>(() => adapted.Save(folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("BeforeOptimizerStep before and AfterOptimizerStep after", Assert.Throws<InvalidOperationException>(() => adapted.Merge()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_that_holds_a_product_cannot_be_the_base_of_another()
    {
        using var scope = NewDisposeScope();
        using var model = new Models.TiedLanguageModel();
        var plan = AdaLoraModel.Plan(model, Options with { Targets = TargetModules.Suffixes("words", "output"), Attachment = AttachmentMethod.Materialise });
        Assert.Contains("'words' is to hold the product of its adapter, but its weight is also that of 'output'", plan.Problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Without_dropout_there_is_a_warning()
    {
        using var scope = NewDisposeScope();
        using var model = New("linear");
        IReadOnlyList<string> Warnings(AttachmentMethod attachment) => AdaLoraModel.Plan(model, Options with { Attachment = attachment, Dropout = 0.1 }).Warnings;
        Assert.Contains(Warnings(AttachmentMethod.Materialise), w => w.StartsWith("There is no dropout in a, b, c", StringComparison.Ordinal));
        Assert.DoesNotContain(Warnings(AttachmentMethod.Hook), w => w.Contains("dropout", StringComparison.Ordinal));
    }

    [Fact]
    public void A_model_that_is_moved_is_refused()
    {
        using var scope = NewDisposeScope();
        using var model = New("linear");
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = AttachmentMethod.Materialise });
        ZooModel.Loss(model).backward();
        _ = TorchSharp.ModuleExtensionMethods.to(model, ScalarType.Float64);
        Assert.Contains("was moved", Assert.Throws<InvalidOperationException>(() => adapted.BeforeOptimizerStep()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_Replace_takes_the_base_precision()
    {
        using var scope = NewDisposeScope();
        using var model = New("linear");
        using var adapted = AdaLoraModel.Attach(model, Options with
        {
            BasePrecision = Adapters.FrozenWeights.BasePrecision.Int8,
            Overrides = ModuleOverrides.None.With("a", attachment: AttachmentMethod.Hook).With("b", attachment: AttachmentMethod.Materialise),
        });
        Assert.Equal(
            [AttachmentMethod.Hook, AttachmentMethod.Materialise, AttachmentMethod.Replace],
            adapted.Report().Modules.Select(m => m.Attachment));
        Assert.All(model.parameters().Where(p => p.dim() == 2).Take(2), p => Assert.True(p.isfinite().all().item<bool>()));
        _ = Assert.IsType<SvdLinear>(adapted.Adapters[1]);
    }

    private static nn.Module<Tensor, Tensor> New(string kind)
    {
        using var seed = manual_seed(5);
        return kind switch
        {
            "convolution" => nn.Sequential(
                ("images", nn.Unflatten(1, [1, 2, 3])), ("a", nn.Conv2d(1, 4, 3, padding: 1)), ("t", nn.Tanh()), ("b", nn.Conv2d(4, 3, (2, 3))), ("flat", nn.Flatten())),
            "sequence" => nn.Sequential(
                ("rows", nn.Unflatten(1, [2, 3])), ("a", nn.Conv1d(2, 4, 3, padding: 2, dilation: 2, padding_mode: TorchSharp.PaddingModes.Replicate)), ("t", nn.Tanh()),
                ("b", nn.Conv1d(4, 4, 3, stride: 2, padding: 1, groups: 2)), ("flat", nn.Flatten())),
            "volume" => nn.Sequential(("cubes", nn.Unflatten(1, [1, 1, 2, 3])), ("a", nn.Conv3d(1, 4, 3, TorchSharp.Padding.Same)), ("t", nn.Tanh()),
                ("b", nn.Conv3d(4, 3, (1, 2, 3))), ("flat", nn.Flatten())),
            "embedding" => nn.Sequential(("ids", new ToIds()), ("a", nn.Embedding(9, 4)), ("t", nn.Tanh()), ("flat", nn.Flatten()), ("b", nn.Linear(24, 3))),
            "double" => nn.Sequential(("double", new ToDouble()), ("a", nn.Linear(6, 9, dtype: ScalarType.Float64)), ("t", nn.Tanh()), ("b", nn.Linear(9, 3, dtype: ScalarType.Float64)),
                ("single", new ToSingle())),
            _ => nn.Sequential(("a", nn.Linear(6, 12)), ("t", nn.Tanh()), ("b", nn.Linear(12, 9)), ("u", nn.Tanh()), ("c", nn.Linear(9, 3))),
        };
    }

    private static (float[] Outputs, int[] Ranks) Train(AttachmentMethod attachment, string kind)
    {
        using var scope = NewDisposeScope();
        var model = New(kind);
        var targets = kind is "linear" or "double" ? TargetModules.AllLinear : TargetModules.Suffixes("a", "b");
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = attachment, Targets = targets });
        using var trainer = new Trainer(
            adapted, new TrainerOptions { TotalSteps = 40, LearningRate = 0.02, GradientAccumulation = 2, MaxGradientNorm = 0.5, EvaluateEvery = 10, KeepBest = true });
        _ = trainer.Fit(Enumerable.Range(0, 80), (int _) => ZooModel.Loss(model), () => -ZooModel.Loss(model).item<float>());
        trainer.RestoreBest();
        Assert.All(adapted.Report().Modules, module => Assert.Equal(attachment, module.Attachment));
        return (ZooModel.Run(model), [.. adapted.Report().Modules.Select(m => m.LiveRank)]);
    }

    private sealed class ToIds() : nn.Module<Tensor, Tensor>(nameof(ToIds))
    {
        public override Tensor forward(Tensor input) => (input * 2 + 4).clamp(0, 8).to(ScalarType.Int64);
    }

    private sealed class ToDouble() : nn.Module<Tensor, Tensor>(nameof(ToDouble))
    {
        public override Tensor forward(Tensor input) => input.to(ScalarType.Float64);
    }

    private sealed class ToSingle() : nn.Module<Tensor, Tensor>(nameof(ToSingle))
    {
        public override Tensor forward(Tensor input) => input.to(ScalarType.Float32);
    }
}
