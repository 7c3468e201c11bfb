using AdaLora.Adapters;
using AdaLora.Allocation;
using AdaLora.Targeting;
using AdaLora.TestSupport;
using AdaLora.Training;
using AdaLora.Transformers.Families.Bert;
using AdaLora.Transformers.Heads;
using AdaLora.Transformers.Tests.Checkpoints;
using AdaLora.Transformers.Tokenization;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace AdaLora.Transformers.Tests.Docs;

/// <summary>Every piece of C# in README.md, docs/ and the readmes of the packages, between two marks, and run. <see cref="SnippetTests"/> compares the texts.</summary>
public sealed class Snippets : IDisposable
{
    private static readonly string[] Folders = ["adapter", "lora", "adapters", "merged", "checkpoints"];

    public Snippets() => Dispose();

    public void Dispose()
    {
        foreach (var folder in Folders.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
    }

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
    public void Checkpoints()
    {
        using var model = Model();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(30) with { TrainedModules = ["classifier"] });
        var (totalSteps, folder) = (30, "checkpoints");
        // snippet
        var trainerOptions = new TrainerOptions
        {
            TotalSteps = totalSteps,
            Checkpoints = new CheckpointOptions { Folder = folder, Every = 500, Resume = true },
        };
        // end
        using var trainer = new Trainer(adapted, trainerOptions);
        Assert.Equal(30, trainer.Fit(Batches, batch => Loss(model, batch)).Steps);
        Assert.NotEmpty(Directory.GetFiles(folder));
    }

    [Fact]
    public void Phases_in_steps()
    {
        // snippet
        var cola = new AdaLoraOptions
        {
            InitialPhase = PhaseLength.Steps(800),
            MaskInterval = 10,
            FinalPhase = PhaseLength.Steps(3500),      // or PhaseLength.Fraction(0.5)
        };
        // end
        cola.Validate();
        Assert.Equal(800, cola.InitialPhase.In(6700));
    }

    [Fact]
    public void Stopping()
    {
        using var model = Model();
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(4) with { TrainedModules = ["classifier"] });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 4 });
        var batches = Batches;
        // snippet
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.Cancel();
        };
        var result = trainer.Fit(batches, batch => Loss(model, batch), cancellation: stop.Token);
        if (result.StopReason == StopReason.Completed)
            adapted.Save("adapter");
        // end
        Assert.True(File.Exists("adapter/adapter_config.json"));
    }

    [Fact]
    public async Task Fine_tuning_a_checkpoint()
    {
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        const int totalSteps = 6;
        (string Text, long Label)[] examples = [.. Enumerable.Range(5, 40).Select(i => ($"word{i} word{i + 1}", i % 2L))];
        // snippet
        var tokenizer = TextTokenizer.FromFolder(folder);
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(totalSteps) with { TrainedModules = ["classifier"] });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = totalSteps, LearningRate = 1e-3 });
        trainer.Fit(Encoded(), batch => model.Loss(model.call(batch.Ids, batch.Mask, batch.Types), batch.Labels));
        adapted.Save("adapter");

        IEnumerable<(Tensor Ids, Tensor Mask, Tensor Types, Tensor Labels)> Encoded()
        {
            foreach (var chunk in examples.Chunk(16))       // (string Text, long Label)[]
            {
                var (ids, mask, types) = tokenizer.EncodeBatch(chunk.Select(example => example.Text), maxLength: 128).ToTensors();
                yield return (ids, mask, types, tensor(chunk.Select(example => example.Label).ToArray()));
            }
        }
        // end
        // snippet
        using var other = AutoModel.SequenceClassifier(folder, labels: 2);
        using var loaded = AdaLoraModel.Load(other, "adapter");
        var (wordIds, wordMask, wordTypes) = tokenizer.EncodeBatch(["A sentence.", "Another one."]).ToTensors();
        using (no_grad())
            Console.WriteLine(other.call(wordIds, wordMask, wordTypes).argmax(1).str());
        // end
        Assert.Equal(13, loaded.Adapters.Count);
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

    [Fact]
    public void Own_loop()
    {
        using var model = Model();
        // snippet
        var options = new AdaLoraOptions
        {
            InitialRank = 12,
            TargetRank = 8,
            Overrides = ModuleOverrides.None.With("**.intermediate.dense", initialRank: 16),
        };
        // end
        options = options with { TrainedModules = ["classifier"] };
        var (batches, totalSteps) = (Batches, 4);
        // snippet
        using var adapted = AdaLoraModel.Attach(model, options);
        adapted.Begin(totalSteps);
        using var optimizer = new FusedAdamW(adapted.TrainableParameters, learningRate: 1e-3);
        foreach (var batch in batches)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.zero_grad();
            Loss(model, batch).backward();
            if (adapted.BeforeOptimizerStep(maxGradientNorm: 1.0).ReadIsFinite())
                optimizer.step();
            adapted.AfterOptimizerStep();
        }

        adapted.Finish();
        // end
        Assert.Equal(4, adapted.Step);
        Assert.Equal(8 * 13, adapted.LiveTriplets);
    }

    [Fact]
    public void Saving_and_merging()
    {
        using var model = Model();
        var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["classifier"] });
        // snippet
        adapted.Save("adapter");
        adapted.ExportLora("lora");
        adapted.Detach();
        using var loaded = AdaLoraModel.Load(model, "adapter");
        // end
        Assert.Equal(13, loaded.Adapters.Count);
        Assert.True(File.Exists("lora/adapter_config.json"));
        adapted = loaded;
        // snippet
        adapted.Merge();
        adapted.Unmerge();
        adapted.MergeAndDetach();
        // end
        Assert.DoesNotContain(model.modules(), module => module is SvdLinear);
    }

    [Fact]
    public void Several_adapters()
    {
        using var model = Model();
        foreach (var name in (string[])["sst2", "cola"])
        {
            using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TrainedModules = ["classifier"] });
            adapted.Save($"adapters/{name}");
            adapted.Detach();
        }

        // snippet
        using var set = new AdapterSet(model);
        set.Load("sentiment", "adapters/sst2");
        set.Load("grammar", "adapters/cola");
        set.Select("sentiment");
        // end
        Assert.Equal("sentiment", set.Selected);
    }

    [Fact]
    public async Task Serving_with_a_lock()
    {
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        var tokenizer = TextTokenizer.FromFolder(folder);
        foreach (var (name, target) in ((string, long)[])[("sst2", 0), ("cola", 1)])
        {
            using var trained = AutoModel.SequenceClassifier(folder, labels: 2);
            using var adapted = AdaLoraModel.Attach(trained, AdaLoraOptions.ForTotalSteps(20) with { TrainedModules = ["classifier"] });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-2 });
            var (wordIds, wordMask, wordTypes) = tokenizer.EncodeBatch(["word5 word6"]).ToTensors();
            trainer.Fit([wordIds], batch => trained.Loss(trained.call(batch, wordMask, wordTypes), tensor([target])));
            adapted.Save($"adapters/{name}");
        }

        // snippet
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        using var set = new AdapterSet(model);
        set.Load("sentiment", "adapters/sst2");
        set.Load("grammar", "adapters/cola");
        model.eval();
        var gate = new Lock();

        float[] Score(string adapter, string text)
        {
            lock (gate)
            {
                using var scope = NewDisposeScope();
                using var frozen = no_grad();
                set.Select(adapter);
                var (ids, mask, types) = tokenizer.EncodeBatch([text], maxLength: 128).ToTensors();
                return [.. model.call(ids, mask, types).softmax(1).data<float>()];
            }
        }
        // end

        (string Adapter, string Text)[] asked = [.. Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? "sentiment" : "grammar", $"word{5 + (i % 7)} word9"))];
        var alone = asked.Distinct().ToDictionary(ask => ask, ask => Score(ask.Adapter, ask.Text));
        var together = await Task.WhenAll(asked.Select(ask => Task.Run(() => Score(ask.Adapter, ask.Text))));
        Assert.Equal(asked.Select(ask => alone[ask]), together);
        Assert.True(alone[asked[0]][0] > 0.6f && alone[(asked[1].Adapter, asked[1].Text)][0] < 0.4f);
    }

    [Fact]
    public async Task A_checkpoint_of_the_hub()
    {
        // snippet
        var folder = await HubCheckpoint.ResolveAsync("google-bert/bert-base-uncased");
        var tokenizer = TextTokenizer.FromFolder(folder);
        using var model = AutoModel.SequenceClassifier(folder, labels: 2);
        // end
        Assert.Equal(2, model.Labels);
        Assert.Equal(50, tokenizer.VocabularySize);
    }

    private static IEnumerable<(Tensor Ids, Tensor Labels)> Batches =>
        Enumerable.Range(0, 4).Select(i => (arange(4, 44, dtype: ScalarType.Int64).add(i % 3).view(4, 10), tensor(new long[] { 0, 1, 0, 1 })));

    private static SequenceClassifier Model() =>
        new BertForSequenceClassification(new BertConfig { VocabularySize = 50, HiddenSize = 32, Layers = 2, Heads = 2, IntermediateSize = 64, MaxPositions = 16 }, 2, seed: 1);

    private static Tensor Loss(SequenceClassifier model, (Tensor Ids, Tensor Labels) batch) => model.Loss(model.call(batch.Ids, null, null), batch.Labels);

    private static double Accuracy(SequenceClassifier model)
    {
        var (ids, labels) = Batches.First();
        return model.call(ids, null, null).argmax(1).eq(labels).to(float32).mean().item<float>();
    }

    /// <summary>Takes the place of the real class in the snippet about the hub, so that it asks a hub on this machine.</summary>
    private static class HubCheckpoint
    {
        private static readonly HubFixture Hub = new();

        public static Task<string> ResolveAsync(string name)
        {
            Assert.True(Transformers.Hub.HubCheckpoint.IsName(name));
            using var folder = new TemporaryFolder();
            using var model = Model();
            model.SaveCheckpoint(folder.Path);
            File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Enumerable.Range(5, 45).Select(i => $"word{i}")]);
            Hub.Hub.Files.Clear();
            foreach (var file in Directory.GetFiles(folder.Path))
                Hub.Hub.Files[Path.GetFileName(file)] = File.ReadAllBytes(file);
            return Hub.ResolveAsync();
        }
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
