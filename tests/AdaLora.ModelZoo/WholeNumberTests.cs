using AdaLora.Adapters;
using AdaLora.Initialization;
using AdaLora.Injection;
using AdaLora.ModelZoo.Models;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.ModelZoo;

/// <summary>Layers whose weights are quantised to whole numbers: a hook can add to what they compute, and nothing else is possible.</summary>
public sealed class WholeNumberTests
{
    private const string Reason = "its weight is of type Int8, which is not floating point: only a hook can add a product to what it computes";

    private static AdaLoraOptions Options => AdaLoraOptions.ForTotalSteps(30, targetRank: 2) with { Targets = TargetModules.Suffixes("first", "second"), Alpha = 6, Seed = 3 };

    [Theory]
    [InlineData(AttachmentMethod.Automatic)]
    [InlineData(AttachmentMethod.Hook)]
    public void They_are_hooked_trained_saved_loaded_and_detached(AttachmentMethod attachment)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var model = New();
        var (plain, state) = (ZooModel.Run(model), State(model));
        using var adapted = AdaLoraModel.Attach(model, Options with { Attachment = attachment });
        Assert.All(adapted.Report().Modules, module => Assert.Equal((AttachmentMethod.Hook, Reason), (module.Attachment, module.AttachmentReason)));
        Assert.Equal([("first", 12L, 6L), ("second", 3L, 12L)], adapted.Report().Modules.Select(m => (m.Name, m.OutFeatures, m.InFeatures)));
        Assert.Equal(plain, ZooModel.Run(model));
        var first = ZooModel.Loss(model).item<float>();
        Train(adapted, model);
        Assert.True(ZooModel.Loss(model).item<float>() < 0.9f * first);

        adapted.Save(folder.Path);
        var fresh = New();
        using (var loaded = AdaLoraModel.Load(fresh, folder.Path))
            Assert.Equal(ZooModel.Run(model), ZooModel.Run(fresh));
        Assert.Equal(ScalarType.Float32, adapted.Adapters[0].DeltaWeight().dtype);

        var merged = Assert.Throws<NotSupportedException>(() => adapted.Merge());
        Assert.Contains("'first' cannot hold a product: its weight is of type Int8, which is not floating point; 'second'", merged.Message, StringComparison.Ordinal);
        adapted.Detach();
        Assert.Equal(state, State(model));
        Assert.Equal(plain, ZooModel.Run(model));
    }

    [Theory]
    [InlineData(AttachmentMethod.Replace)]
    [InlineData(AttachmentMethod.Materialise)]
    public void Any_other_way_is_refused_by_name(AttachmentMethod attachment)
    {
        using var scope = NewDisposeScope();
        var model = nn.Sequential(("own", new Declared()), ("last", nn.Linear(4, 4)));

        var refused = Assert.Throws<InjectionException>(() => AdaLoraModel.Attach(model, new AdaLoraOptions { Attachment = attachment }));

        Assert.Contains($"own: {Reason}", refused.Message, StringComparison.Ordinal);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions());
        Assert.Equal([AttachmentMethod.Hook, AttachmentMethod.Replace], adapted.Report().Modules.Select(m => m.Attachment));
    }

    [Fact]
    public void They_have_no_directions_to_start_from()
    {
        using var scope = NewDisposeScope();
        var refused = Assert.Throws<ArgumentException>(() => AdaLoraModel.Attach(New(), Options with { Initialization = TripletInitialization.FromWeight }));
        Assert.Contains("'first' has no principal directions to start from: its weight is of type Int8", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_calls_their_forward_methods_is_refused_at_the_first_step()
    {
        using var scope = NewDisposeScope();
        var model = new BufferPerceptron(calls: false, quantised: true);
        using var adapted = AdaLoraModel.Attach(model, Options with { TrainedModules = [] });
        Assert.ThrowsAny<Exception>(() => Train(adapted, model));
    }

    private static BufferPerceptron New()
    {
        using var seed = manual_seed(5);
        return new(calls: true, quantised: true);
    }

    private static void Train(AdaLoraModel adapted, nn.Module<Tensor, Tensor> model)
    {
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, 0.02);
        for (var i = 0; i < 30; i++)
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            ZooModel.Loss(model).backward();
            adapted.BeforeOptimizerStep(1.0);
            optimizer.step();
            adapted.AfterOptimizerStep();
        }
    }

    private static List<string> State(nn.Module model) => [.. model.state_dict().OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Key + Convert.ToHexString(p.Value.bytes))];

    /// <summary>Declares itself a linear map.</summary>
    private sealed class Declared : nn.Module<Tensor, Tensor>, IProjection
    {
        public Declared()
            : base(nameof(Declared)) => register_buffer("weight", arange(16, dtype: ScalarType.Int8).view(4, 4));

        public Tensor Weight => get_buffer("weight")!;

        public Tensor? Bias => null;

        public long InFeatures => 4;

        public long OutFeatures => 4;

        public bool WeightIsTransposed => false;

        public override Tensor forward(Tensor input) => input.matmul(Weight.to(ScalarType.Float32).t());
    }
}
