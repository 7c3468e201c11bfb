using System.Text.Json.Nodes;
using AdaLora.Allocation;
using AdaLora.Injection;
using AdaLora.Internals;
using AdaLora.Peft;
using AdaLora.Safetensors;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Peft;

public sealed class SaveLoadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Steps done of 28 (5 before the first mask, 20 until the pattern settles), and whether pruned triplets are dropped.</summary>
    public static TheoryData<int, bool, ScalarType> Moments
    {
        get
        {
            var data = new TheoryData<int, bool, ScalarType>();
            foreach (var dtype in (ScalarType[])[ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16])
            {
                data.Add(3, false, dtype);
                data.Add(12, false, dtype);
                data.Add(28, false, dtype);
                data.Add(28, true, dtype);
            }

            return data;
        }
    }

    private string First => _folder.File("first");

    private string Second => _folder.File("second");

    [Theory]
    [MemberData(nameof(Moments))]
    public void A_loaded_adapter_computes_the_same_bits_and_is_saved_in_the_same_bytes(int steps, bool compact, ScalarType dtype)
    {
        using var trained = new TrainedTiny(steps, compact, dtype: dtype);
        trained.Adapted.Save(First);
        using var model = new TinyModel(dtype);
        using var loaded = AdaLoraModel.Load(model, First);
        if (trained.Adapted.IsPatternFinal && !compact)
        {
            // What is pruned but still held adds nothing, except that kernels may sum in a different order.
            var tolerance = dtype == ScalarType.Float64 ? 1e-14 : dtype == ScalarType.Float32 ? 1e-6 : 1e-2;
            Assert.All(trained.Outputs().Zip(TrainedTiny.Outputs(model, dtype)), o => Assert.Equal(o.First, o.Second, tolerance));
            trained.Adapted.Compact();
        }

        Assert.Equal(trained.Outputs(), TrainedTiny.Outputs(model, dtype));
        Assert.Equal(trained.Adapted.IsPatternFinal, loaded.IsPatternFinal);
        if (trained.Adapted.IsPatternFinal)
        {
            Assert.Equal(trained.Adapted.Report().Modules.Select(m => (m.Name, m.OutFeatures, m.InFeatures, m.InitialRank, m.LiveRank)),
                loaded.Report().Modules.Select(m => (m.Name, m.OutFeatures, m.InFeatures, m.InitialRank, m.LiveRank)));
        }

        loaded.Save(Second);
        Assert.Equal(Bytes(First), Bytes(Second));
    }

    [Fact]
    public void Ranks_and_alphas_of_single_modules_become_a_pattern_and_larger_or_smaller_lambdas()
    {
        var options = With(ModuleOverrides.None.With("first", initialRank: 2, alpha: 40).With("second", initialRank: 5));
        using var trained = new TrainedTiny(3, options: options);
        trained.Adapted.Save(First);
        var config = Config(First);
        Assert.Equal(5, config["init_r"]!.GetValue<int>());
        Assert.Equal([true, true, false, false, false], config["rank_pattern"]!["first.lora_E"]!.AsArray().Select(n => n!.GetValue<bool>()));

        // What PEFT computes: one scale for all, from alpha and the initial rank.
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(First, "adapter_model.safetensors"));
        foreach (var adapter in trained.Adapted.Adapters)
        {
            Tensor Stored(string name) => file.Read($"base_model.model.{adapter.Slot.Name}.{name}").to(ScalarType.Float64);
            var delta = Stored("lora_B").mm(Stored("lora_A") * Stored("lora_E")) * (8 / (5 + 1e-5));
            Assert.True((delta - adapter.DeltaWeight()).abs().max().item<double>() < 1e-7);
        }

        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        Assert.All(trained.Outputs().Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-6));
        Assert.Equal([2, 5], loaded.Adapters.Select(a => a.Rank));
        loaded.Save(Second);
        Assert.Equal(Bytes(First), Bytes(Second));
    }

    [Fact]
    public void An_alpha_of_zero_is_written_as_the_initial_rank_because_for_peft_it_means_the_kept_one()
    {
        using var trained = new TrainedTiny(28, compact: true, options: With(alpha: 0));
        trained.Adapted.Save(First);
        Assert.Equal(4, Config(First)["lora_alpha"]!.GetValue<double>());
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        Assert.Equal(trained.Outputs(), TrainedTiny.Outputs(model));

        // And this is how it would be read if PEFT had written one.
        SetConfig(First, c => c["lora_alpha"] = 0);
        using var other = new TinyModel();
        using var asPeft = AdaLoraModel.Load(other, First);
        Assert.All(asPeft.Adapters, a => Assert.Equal(a.Rank / (4 + 1e-5), a.Scale));
    }

    [Theory]
    [InlineData(BiasTraining.Adapted, "lora_only")]
    [InlineData(BiasTraining.All, "all")]
    public void Trained_biases_are_saved_where_peft_looks_for_them(BiasTraining biases, string text)
    {
        using var trained = new TrainedTiny(28, compact: true, options: With(biases: biases));
        trained.Adapted.Save(First);
        Assert.Equal(text, Config(First)["bias"]!.GetValue<string>());
        using (var file = SafetensorsFile.Open(Path.Combine(First, "adapter_model.safetensors")))
        {
            Assert.Equal(
                ["base_model.model.first.base_layer.bias", "base_model.model.head.bias", "base_model.model.second.base_layer.bias"],
                file.Entries.Keys.Where(n => n.EndsWith("bias", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }

        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        Assert.Equal(trained.Outputs(), TrainedTiny.Outputs(model));
        loaded.Save(Second);
        Assert.Equal(Bytes(First), Bytes(Second));
    }

    [Fact]
    public void Fields_without_a_meaning_here_names_given_twice_and_names_of_other_models_are_kept()
    {
        using var trained = new TrainedTiny(28, compact: true);
        trained.Adapted.Save(First);
        SetConfig(First, c =>
        {
            c["modules_to_save"] = new JsonArray("head", "head", "score");
            c["peft_version"] = "9.9.9";
            c["of_the_future"] = new JsonObject { ["a"] = 0.0 };
            c["target_modules"] = "first|second";
        });
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        Assert.Equal(trained.Outputs(), TrainedTiny.Outputs(model));
        loaded.Save(Second);
        Assert.True(JsonNode.DeepEquals(Config(First), Config(Second)));
    }

    [Fact]
    public void Names_that_are_ends_of_other_names_select_and_train_exactly_the_right_modules()
    {
        using var model = Clashing();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions
        {
            InitialRank = 2,
            TargetRank = 1,
            Seed = 5,
            Targets = TargetModules.Globs("query", "outer.head"),
            TrainedModules = ["?uter.query"],
        });
        Randomize(adapted);
        adapted.Save(First);
        Assert.Equal("query|outer\\.head", Config(First)["target_modules"]!.GetValue<string>());

        using var other = Clashing();
        using var loaded = AdaLoraModel.Load(other, First);
        Assert.Equal(["outer.head", "query"], loaded.Adapters.Select(a => a.Slot.Name).Order(StringComparer.Ordinal));
        Assert.Equal(["outer.query.bias", "outer.query.weight"], loaded.Model.named_parameters().Where(p => p.parameter.requires_grad).Select(p => p.name)
            .Where(n => !n.Contains("lora_", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(TrainedTiny.Outputs(model), TrainedTiny.Outputs(other));
    }

    [Fact]
    public void Running_averages_of_a_module_trained_in_full_are_saved_with_it()
    {
        using var model = Normalized();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, Targets = TargetModules.Suffixes("0"), TrainedModules = ["1"] });
        using (var scope = NewDisposeScope())
        {
            model.train();
            model.call(randn(32, 8).add(3));
        }

        adapted.Save(First);
        using var other = Normalized();
        using var loaded = AdaLoraModel.Load(other, First);
        Assert.Equal(TrainedTiny.Outputs(model), TrainedTiny.Outputs(other));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pruned_adapter_keeps_its_ranks_in_further_training_and_is_saved_in_the_middle_of_it(bool finished)
    {
        using var trained = new TrainedTiny(28, compact: true);
        trained.Adapted.Save(First);
        // A target below what was kept, which rounding can produce, is not a request to prune again.
        SetConfig(First, c => c["target_r"] = 1);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        var ranks = loaded.Report().Modules.Select(m => m.LiveRank).ToList();
        Assert.Equal(4, ranks.Sum());
        loaded.Begin(30);
        model.train();
        using (var optimizer = optim.AdamW(loaded.TrainableParameters, 1e-2))
        {
            using var scope = NewDisposeScope();
            foreach (var batch in TinyTask.Batches(finished ? 30 : 10))
                TinyTask.Step(loaded, model, optimizer, batch);
        }

        Assert.Equal(finished, loaded.IsPatternFinal);
        Assert.Equal(ranks, loaded.Report().Modules.Select(m => m.LiveRank));
        Assert.All(loaded.Report().Modules, m => Assert.Equal(4, m.InitialRank));
        Assert.NotEqual(trained.Outputs(), TrainedTiny.Outputs(model));

        loaded.Save(Second);
        using var again = new TinyModel();
        using var reloaded = AdaLoraModel.Load(again, Second);
        Assert.Equal(TrainedTiny.Outputs(model), TrainedTiny.Outputs(again));
        Assert.Equal(trained.Adapted.ReadPattern()["first"], reloaded.ReadPattern()["first"]);
        Assert.Equal(trained.Adapted.ReadPattern()["second"], reloaded.ReadPattern()["second"]);
        Assert.Equal(30, Config(Second)["total_step"]!.GetValue<int>());
    }

    [Fact]
    public void An_adapter_saved_in_the_middle_is_pruned_to_its_target_by_further_training()
    {
        using var trained = new TrainedTiny(3);
        trained.Adapted.Save(First);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        using var trainer = new Trainer(loaded, new TrainerOptions { TotalSteps = 30, LearningRate = 1e-2 });
        trainer.Fit(TinyTask.Batches(30), b => TinyTask.Loss(model, b));
        Assert.Equal(4, loaded.Report().Budget);
        Assert.Equal(4, loaded.Report().Modules.Sum(m => m.LiveRank));

        loaded.Save(Second);
        using var again = new TinyModel();
        using var reloaded = AdaLoraModel.Load(again, Second);
        Assert.Equal(TrainedTiny.Outputs(model), TrainedTiny.Outputs(again));
    }

    /// <summary>PEFT needs a pattern where initial ranks differ, and rounds the budget to a rank per matrix: neither may end the pruning of an adapter that is trained on.</summary>
    [Theory]
    [InlineData(2, 5, 4)]
    [InlineData(2, 5, 3)]
    [InlineData(4, 4, 3)]
    [InlineData(5, 3, 0)]
    public void An_unfinished_adapter_is_pruned_to_its_budget_whatever_its_initial_ranks(int first, int second, int budget)
    {
        var options = With(ModuleOverrides.None.With("first", initialRank: first).With("second", initialRank: second)) with { TargetBudget = budget, TrainedModules = ["head"] };
        using var trained = new TrainedTiny(3, options: options);
        trained.Adapted.Save(First);
        Assert.False(AdapterInspection.Read(First).AreRanksFinal);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, First);
        Assert.False(loaded.IsPatternFinal);
        Assert.False(loaded.IsCompacted);
        loaded.Save(Second);
        Assert.Equal(Bytes(First), Bytes(Second));

        model.train();
        using var trainer = new Trainer(loaded, new TrainerOptions { TotalSteps = 30, LearningRate = 1e-2 });
        trainer.Fit(TinyTask.Batches(30), b => TinyTask.Loss(model, b));

        Assert.Equal(budget, loaded.Report().Modules.Sum(m => m.LiveRank));
        loaded.Save(Second);
        Assert.True(AdapterInspection.Read(Second).AreRanksFinal);
        using var again = new TinyModel();
        using var reloaded = AdaLoraModel.Load(again, Second);
        Assert.True(reloaded.IsPatternFinal);
        Assert.Equal(TrainedTiny.Outputs(model), TrainedTiny.Outputs(again));
    }

    [Fact]
    public void A_budget_that_is_no_number_is_refused_by_name()
    {
        using var trained = new TrainedTiny(3, options: TinyTask.Options with { TargetBudget = 3 });
        trained.Adapted.Save(First);
        var path = Path.Combine(First, "adapter_model.safetensors");
        Replace(path, "\"adalora.target_budget\":\"3\"", "\"adalora.target_budget\":\"x\"");
        using var model = new TinyModel();

        var message = Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, First)).Message;

        Assert.Contains("'adalora.target_budget' is 'x'", message, StringComparison.Ordinal);
        Assert.Contains("adapter_model.safetensors", message, StringComparison.Ordinal);
        static void Replace(string path, string old, string changed)
        {
            var text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(path));
            Assert.Contains(old, text, StringComparison.Ordinal);
            File.WriteAllBytes(path, System.Text.Encoding.Latin1.GetBytes(text.Replace(old, changed, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void An_adapter_that_was_never_trained_is_written_so_that_peft_accepts_its_schedule()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Save(First);
        var config = Config(First);
        Assert.True(config["tinit"]!.GetValue<int>() < config["total_step"]!.GetValue<int>() - config["tfinal"]!.GetValue<int>());
    }

    public void Dispose() => _folder.Dispose();

    private static AdaLoraOptions With(ModuleOverrides? overrides = null, double alpha = 8, BiasTraining biases = BiasTraining.None) => new()
    {
        InitialRank = 4,
        TargetRank = 2,
        Alpha = alpha,
        Seed = 1,
        Overrides = overrides ?? ModuleOverrides.None,
        Biases = biases,
        TrainedModules = ["head"],
        MaskInterval = 1,
        InitialPhase = PhaseLength.Fraction(0.2),
        FinalPhase = PhaseLength.Fraction(0.3),
    };

    private static nn.Module<Tensor, Tensor> Clashing()
    {
        using var seed = manual_seed(11);
        return nn.Sequential(
            ("query", nn.Linear(8, 8)),
            ("outer", nn.Sequential(("query", nn.Linear(8, 8)), ("head", nn.Linear(8, 8)))),
            ("inner", nn.Sequential(("head", nn.Linear(8, 8)), ("outer", nn.Sequential(("query", nn.Linear(8, 8)))))));
    }

    private static nn.Module<Tensor, Tensor> Normalized()
    {
        using var seed = manual_seed(11);
        return nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8));
    }

    private static void Randomize(AdaLoraModel adapted)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var parameter in adapted.TrainableParameters)
            parameter.copy_(randn_like(parameter));
    }

    private static JsonObject Config(string folder) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "adapter_config.json")))!.AsObject();

    private static void SetConfig(string folder, Action<JsonObject> change)
    {
        var config = Config(folder);
        change(config);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), config.ToJsonString());
    }

    private static (string, string) Bytes(string folder) =>
        (File.ReadAllText(Path.Combine(folder, "adapter_config.json")), Convert.ToHexString(File.ReadAllBytes(Path.Combine(folder, "adapter_model.safetensors"))));

}
