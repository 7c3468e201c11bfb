using System.Text.Json.Nodes;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

public sealed class LoraExchangeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(3, false)]
    [InlineData(28, false)]
    [InlineData(28, true)]
    public void An_export_computes_the_same_and_so_does_an_export_of_what_was_imported(int steps, bool compact)
    {
        using var trained = new TrainedTiny(steps, compact);
        trained.Adapted.ExportLora(_folder.File("one"));
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder.File("one"));
        Assert.All(trained.Outputs().Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-6));

        loaded.ExportLora(_folder.File("two"));
        loaded.Save(_folder.File("three"));
        foreach (var again in (string[])["two", "three"])
        {
            using var other = new TinyModel();
            using var reloaded = AdaLoraModel.Load(other, _folder.File(again));
            Assert.All(trained.Outputs().Zip(TrainedTiny.Outputs(other)), o => Assert.Equal(o.First, o.Second, 1e-6));
        }

        Assert.Equal(Config("one"), Config("two"), JsonNode.DeepEquals);
    }

    [Fact]
    public void Every_module_has_scale_one_and_its_own_rank_and_rank_zero_is_left_out()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 3,
            TargetRank = 1,
            Overrides = ModuleOverrides.None.With("first", initialRank: 2, alpha: 40).With("second", initialRank: 0),
        });
        Randomize(adapted);
        adapted.ExportLora(_folder.Path);
        var config = Config("");
        Assert.Equal("LORA", config["peft_type"]!.GetValue<string>());
        Assert.Equal("""{"first":2,"head":3}""", config["rank_pattern"]!.ToJsonString());
        Assert.Equal("""{"first":2,"head":3}""", config["alpha_pattern"]!.ToJsonString());
        Assert.Equal("""["first","head"]""", config["target_modules"]!.ToJsonString());
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors"));
        Assert.Equal(4, file.Entries.Count);
        foreach (var adapter in adapted.Adapters.Where(a => a.Rank > 0))
        {
            var product = file.Read($"base_model.model.{adapter.Slot.Name}.lora_B.weight").mm(file.Read($"base_model.model.{adapter.Slot.Name}.lora_A.weight"));
            Assert.True((product - adapter.DeltaWeight()).abs().max().item<float>() <= 1e-5f * product.abs().max().item<float>());
        }
    }

    [Fact]
    public void Embeddings_have_the_names_of_pefts_lora_for_them()
    {
        using var scope = NewDisposeScope();
        var model = new WordModel(tied: false);
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 3, TargetRank = 2, Targets = TargetModules.Suffixes("words", "hidden"), Seed = 2 });
        Randomize(adapted);
        adapted.ExportLora(_folder.Path);
        using (var file = SafetensorsFile.Open(_folder.File("adapter_model.safetensors")))
        {
            Assert.Equal([3L, 12L], file.Entries["base_model.model.words.lora_embedding_A"].Shape);
            Assert.Equal([6L, 3L], file.Entries["base_model.model.words.lora_embedding_B"].Shape);
        }

        var other = new WordModel(tied: false);
        using var loaded = AdaLoraModel.Load(other, _folder.Path);
        var (expected, found) = (model.call(WordModel.Texts()), other.call(WordModel.Texts()));
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 1e-5f);
        Assert.True((expected - new WordModel(tied: false).call(WordModel.Texts())).abs().max().item<float>() > 0.1f);
        Assert.Equal((12L, 6L), AdapterInspection.Read(_folder.Path).Matrices.Where(m => m.Name == "words").Select(m => (m.InFeatures, m.OutFeatures)).Single());
    }

    [Fact]
    public void Names_that_are_ends_of_other_names_keep_their_own_rank()
    {
        using var model = Nested();
        using var adapted = AdaLoraModel.Attach(model,
            new AdaLoraOptions { InitialRank = 3, TargetRank = 1, Targets = TargetModules.Globs("dense", "out.dense"), Overrides = ModuleOverrides.None.With(TargetModules.Globs("dense"), 2) });
        Randomize(adapted);
        adapted.ExportLora(_folder.Path);
        Assert.Equal("""{"^dense":2,"out.dense":3}""", Config("")["rank_pattern"]!.ToJsonString());
        using var other = Nested();
        using var loaded = AdaLoraModel.Load(other, _folder.Path);
        Assert.Equal([("dense", 2), ("out.dense", 3)], loaded.Adapters.Select(a => (a.Slot.Name, a.Rank)).Order());
    }

    [Theory]
    [InlineData(false, 16.0 / 4)]
    [InlineData(true, 16.0 / 2)]
    public void The_scale_of_an_import_is_loras_own(bool rootScale, double scale)
    {
        WriteLora(config => config["use_rslora"] = rootScale);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder.Path);
        Assert.Equal(scale, Assert.Single(loaded.Adapters).Scale);
    }

    [Fact]
    public void A_pattern_is_tried_in_order_against_the_end_of_the_name()
    {
        WriteLora(config =>
        {
            config["rank_pattern"] = new JsonObject { ["econd"] = 7, ["s.*d"] = 4, ["second"] = 9 };
            config["alpha_pattern"] = new JsonObject { ["first"] = 1, ["second"] = 2 };
            config["r"] = 5;
        });
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder.Path);
        Assert.Equal(2.0 / 4, Assert.Single(loaded.Adapters).Scale);
    }

    [Fact]
    public void An_import_is_a_starting_point_for_training()
    {
        WriteLora(_ => { });
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder.Path);
        using var trainer = new Trainer(loaded, new TrainerOptions { TotalSteps = 40, LearningRate = 1e-2 });
        var result = trainer.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b));
        Assert.Equal(StopReason.Completed, result.StopReason);
        Assert.Equal(4, Assert.Single(loaded.Report().Modules).LiveRank);
        Assert.True(result.History[^1].Loss < result.History[0].Loss);
    }

    [Fact]
    public void An_adapter_without_triplets_is_not_exported()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 0, TargetRank = 0 });
        Assert.Throws<InvalidOperationException>(() => adapted.ExportLora(_folder.File("none")));
        Assert.False(Directory.Exists(_folder.File("none")));
    }

    public void Dispose() => _folder.Dispose();

    private static nn.Module<Tensor, Tensor> Nested() => nn.Sequential(("dense", nn.Linear(8, 8)), ("out", nn.Sequential(("dense", nn.Linear(8, 8)))), ("last", nn.Linear(8, 8)));

    private static void Randomize(AdaLoraModel adapted)
    {
        using var noGrad = no_grad();
        adapted.TrainableParameters[0].normal_();
    }

    private JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllBytes(_folder.File(folder, "adapter_config.json")))!.AsObject();

    // As PEFT writes it: one module of rank 4.
    private void WriteLora(Action<JsonObject> change)
    {
        using var scope = NewDisposeScope();
        var config = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["r"] = 4,
            ["lora_alpha"] = 16,
            ["lora_dropout"] = 0.0,
            ["target_modules"] = new JsonArray("second"),
            ["rank_pattern"] = new JsonObject(),
            ["bias"] = "none"
        };
        change(config);
        File.WriteAllText(_folder.File("adapter_config.json"), config.ToJsonString());
        SafetensorsWriter.Write(_folder.File("adapter_model.safetensors"), new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            ["base_model.model.second.lora_A.weight"] = randn(4, 16),
            ["base_model.model.second.lora_B.weight"] = randn(16, 4).mul(0.1),
        });
    }
}
