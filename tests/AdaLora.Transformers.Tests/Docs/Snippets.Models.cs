using AdaLora.Adapters;
using AdaLora.Devices;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Transformers.Loading;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Tests.Docs;

/// <content>Which layers of which models get adapters.</content>
public sealed partial class Snippets
{
    [Fact]
    public void Quick_start()
    {
        using var kept = NewDisposeScope();
        // snippet
        var model = Sequential(("first", Linear(20, 64)), ("relu", ReLU()), ("second", Linear(64, 64)), ("relu2", ReLU()), ("head", Linear(64, 2)));
        var inputs = randn(256, 20);
        var labels = inputs.narrow(1, 0, 5).sum(1).gt(0).to(int64);

        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(200, targetRank: 4) with { TrainedModules = ["head"] });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 200, LearningRate = 1e-2 });
        var result = trainer.Fit([(inputs, labels)], batch => functional.cross_entropy(model.call(batch.inputs), batch.labels));

        Console.WriteLine($"loss {result.History[0].Loss:0.000} -> {result.History[^1].Loss:0.000}");
        Console.WriteLine(adapted.Report());       // the rank of every matrix
        adapted.Save("adapter");                   // in PEFT's layout; AdaLoraModel.Load(model, "adapter") reads it
        // end
        Assert.True(result.History[^1].Loss < 0.5 * result.History[0].Loss);
        Assert.Equal(8, adapted.LiveTriplets);
        Assert.True(File.Exists("adapter/adapter_model.safetensors"));
    }

    [Fact]
    public void A_plan()
    {
        using var kept = NewDisposeScope();
        var model = Sequential(("first", Linear(20, 64)), ("relu", ReLU()), ("second", Linear(64, 64)), ("relu2", ReLU()), ("head", Linear(64, 2)));
        var options = new AdaLoraOptions { TrainedModules = ["head"] };
        // snippet
        var plan = AdaLoraModel.Plan(model, options);
        Console.WriteLine(plan);
        // end
        var shown = File.ReadAllText(TestMaterial.InRepository("docs/guide.md"));
        Assert.Contains(string.Join("\n", plan.ToString().TrimEnd().ReplaceLineEndings("\n").Split('\n').Select(line => "    " + line)), shown.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Ways_to_attach()
    {
        using var kept = NewDisposeScope();
        var model = Sequential(("fc1", Linear(8, 8)), ("fc2", Linear(8, 8)), ("head", Linear(8, 2)));
        // snippet
        var options = new AdaLoraOptions
        {
            Targets = TargetModules.Suffixes("attention", "lstm", "fc1", "fc2"),
            Overrides = ModuleOverrides.None.With("fc2", attachment: AttachmentMethod.Materialise),
        };
        // end
        using var adapted = AdaLoraModel.Attach(model, options);
        Assert.Equal([AttachmentMethod.Replace, AttachmentMethod.Materialise], adapted.Report().Modules.Select(m => m.Attachment));
    }

    [Fact]
    public void On_a_device()
    {
        using var model = Model();
        var options = new AdaLoraOptions { TrainedModules = ["classifier"] };
        // snippet
        var device = TorchDevices.Find("auto");
        _ = model.to(device);
        using var adapted = AdaLoraModel.Attach(model, options);
        // end
        Assert.All(adapted.TrainableParameters, parameter => Assert.Equal(device.type, parameter.device_type));
    }

    [Fact]
    public void In_a_lower_precision()
    {
        using var files = new TemporaryFolder();
        using (var saved = Model())
            saved.SaveCheckpoint(files.Path);
        var (folder, device) = (files.Path, CPU);
        // snippet
        var precision = ModelPrecision.Find("bf16");
        _ = precision.UseOn(device);
        var model = AutoModel.SequenceClassifier(folder, 2, new PretrainedOptions { Device = device, Dtype = precision.Dtype });
        // end
        Assert.All(model.parameters(), parameter => Assert.Equal(ScalarType.BFloat16, parameter.dtype));
        model.Dispose();
    }

    [Fact]
    public void A_layer_of_ones_own()
    {
        using var kept = NewDisposeScope();
        var model = Sequential(("own", new Conv1D(4, 6)));
        var input = randn(2, 4);
        var before = model.call(input);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions());
        Assert.Equal((6, 4), (adapted.Report().Modules[0].OutFeatures, adapted.Report().Modules[0].InFeatures));
        Assert.True(model.call(input).allclose(before));
    }

    [Fact]
    public void Numbers_that_are_held()
    {
        using var kept = NewDisposeScope();
        var (a, b) = (ones(2), ones(2));
        // snippet
        using var half = 0.5.ToScalar();
        using var one = 1.ToScalar();
        var mean = a.add(b, one).mul(half);
        // end
        Assert.Equal([1f, 1f], mean.data<float>().ToArray());
    }

    [Fact]
    public void Own_model()
    {
        using var model = Model();
        var (batches, logger) = (Batches, (Microsoft.Extensions.Logging.ILogger?)null);
        // snippet
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            Targets = TargetModules.AllLinear,     // or Suffixes("query", "value"), Globs("encoder.**"), Regex(...), .InLayers(0..6), .Excluding("pooler")
            TrainedModules = ["classifier"],       // trained in full beside the adapters
            InitialRank = 12,                      // triplets per matrix at the start
            TargetRank = 8,                        // mean per matrix at the end; the budget is shared by all matrices
            Alpha = 32,
        });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 30, LearningRate = 1e-3 }, logger);
        var result = trainer.Fit(batches, batch => Loss(model, batch), evaluate: () => Accuracy(model));
        Console.WriteLine(adapted.Report());       // rank of every matrix, budget, parameter counts
        // end
        Assert.Equal(30, result.Steps);
        Assert.Equal(8 * adapted.Adapters.Count, adapted.LiveTriplets);
    }

    [Fact]
    public void Attaching()
    {
        using var model = Model();
        // snippet
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(3000) with { TrainedModules = ["classifier"] });
        // end
        Assert.Equal(3000, adapted.Schedule!.TotalSteps);
    }

    [Fact]
    public void Choosing_targets()
    {
        using var model = Model();
        // snippet
        var everything = TargetModules.AllLinear;
        var attention = TargetModules.Suffixes("query", "value");
        var lowerLayers = TargetModules.AllLinear.InLayers(0..6).Excluding("**.pooler.*");
        // end
        int[] counts = [.. new[] { everything, attention, lowerLayers }.Select(targets => AdaLoraModel.Plan(model, new AdaLoraOptions { Targets = targets }).Adapters.Count)];
        Assert.Equal([14, 4, 12], counts);
    }

    // snippet
    public sealed class Conv1D : Module<Tensor, Tensor>, IProjection
    {
        private readonly Parameter weight;
        private readonly Parameter bias;

        public Conv1D(long inFeatures, long outFeatures)
            : base(nameof(Conv1D))
        {
            weight = new Parameter(randn(inFeatures, outFeatures));
            bias = new Parameter(zeros(outFeatures));
            RegisterComponents();
        }

        public Tensor Weight => weight;

        public Tensor? Bias => bias;

        public long InFeatures => weight.shape[0];

        public long OutFeatures => weight.shape[1];

        public bool WeightIsTransposed => true;     // (in x out), as GPT-2 stores it; Linear's (out x in) is false

        public override Tensor forward(Tensor input) => functional.linear(input, weight.t(), bias);
    }
    // end
}
