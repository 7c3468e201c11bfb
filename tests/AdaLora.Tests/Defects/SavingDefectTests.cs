using System.Text.Json.Nodes;
using AdaLora.Safetensors;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Defects;

/// <summary>Defects of existing implementations in what a saved adapter holds; each test fails on the defect it names.</summary>
public sealed class SavingDefectTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    [Theory]
    [InlineData(6, false)]
    [InlineData(30, false)]
    [InlineData(30, true)]
    public void A_saved_adapter_computes_the_same_wherever_in_the_training_it_was_saved(int steps, bool compact)
    {
        var (outputs, ranks) = TrainAndSave(steps, compact);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder);
        model.eval();
        using var scope = NewDisposeScope();
        Assert.All(outputs.Zip(Outputs(model)), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
        Assert.Equal(ranks, loaded.Report().Modules.Select(m => m.LiveRank));

        // Lambdas are there, all of them before the pattern is final, those of kept triplets afterwards.
        using var file = SafetensorsFile.Open(Path.Combine(_folder, "adapter_model.safetensors"));
        Assert.Equal(ranks.Select(r => (long)r), loaded.Adapters.Select(a => file.Entries[$"base_model.model.{a.Slot.Name}.lora_E"].Shape[0]));
        Assert.Equal(steps < 20, JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "adapter_config.json")))!["rank_pattern"] is null);
    }

    [Fact]
    public void Dropping_pruned_triplets_does_not_change_a_byte_of_the_file()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(28);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(24))
            TinyTask.Step(adapted, model, optimizer, batch);
        adapted.Save(_folder);
        var masked = Entries();
        adapted.Compact(optimizer);
        adapted.Save(_folder);
        Assert.Equal(masked, Entries());
    }

    [Fact]
    public void A_pruned_adapter_trains_on_with_the_ranks_it_has()
    {
        var (_, ranks) = TrainAndSave(30, compact: true);
        using var model = new TinyModel();
        using var loaded = AdaLoraModel.Load(model, _folder);
        using var trainer = new Trainer(loaded, new TrainerOptions { TotalSteps = 40, LearningRate = 1e-2 });
        var result = trainer.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b));
        Assert.Equal(StopReason.Completed, result.StopReason);
        Assert.Equal(ranks, loaded.Report().Modules.Select(m => m.LiveRank));
        Assert.True(result.History[^1].Loss <= result.History[0].Loss);
    }

    [Fact]
    public void A_matrix_that_lost_every_triplet_is_saved_and_loaded()
    {
        using (var model = new TinyModel())
        {
            // Without gradients its triplets have no importance at all.
            using var adapted = AdaLoraModel.Attach(model,
                new AdaLoraOptions { InitialRank = 4, TargetRank = 2, OrthogonalityWeight = 0, MaskInterval = 1, TrainedModules = ["head"], TotalSteps = 30 });
            using var optimizer = optim.SGD(adapted.TrainableParameters, 1e-2);
            foreach (var batch in TinyTask.Batches(30))
            {
                TinyTask.Step(adapted, model, optimizer, batch, () =>
                {
                    foreach (var name in (string[])["lora_A", "lora_B", "lora_E"])
                    {
                        using var gradient = adapted.Adapters[1].get_parameter(name)!.grad!;
                        gradient.zero_();
                    }
                });
            }

            adapted.Compact();
            adapted.Save(_folder);
            Assert.Contains(0, adapted.Report().Modules.Select(m => m.LiveRank));
        }

        using var fresh = new TinyModel();
        using var loaded = AdaLoraModel.Load(fresh, _folder);
        Assert.Contains(0, loaded.Adapters.Select(a => a.Rank));
        using var scope = NewDisposeScope();
        Assert.Equal(48, Outputs(fresh).Length);
    }

    [Fact]
    public void What_does_not_fit_is_listed_in_full_and_the_model_stays_as_it_was()
    {
        TrainAndSave(30, compact: true);
        using var model = new TinyModel(width: 12);
        var names = model.named_parameters().Select(p => p.name).ToList();
        var message = Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder)).Message;
        foreach (var tensor in (string[])["first.lora_B", "second.lora_A", "head.weight"])
            Assert.Contains(tensor, message, StringComparison.Ordinal);
        Assert.Equal(names, model.named_parameters().Select(p => p.name));

        File.Delete(Path.Combine(_folder, "adapter_model.safetensors"));
        Assert.Contains("adapter_model.safetensors", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), """{ "peft_type": "IA3" }""");
        Assert.Contains("IA3", Assert.Throws<InvalidDataException>(() => AdaLoraModel.Load(model, _folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_save_leaves_the_older_adapter_as_it_was()
    {
        TrainAndSave(6, compact: false);
        var before = Entries();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        Directory.CreateDirectory(Path.Combine(_folder, "blocked", "adapter_model.safetensors"));
        Assert.ThrowsAny<Exception>(() => adapted.Save(Path.Combine(_folder, "blocked")));
        Assert.Empty(Directory.GetFiles(Path.Combine(_folder, "blocked")));
        Assert.Equal(before, Entries());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static float[] Outputs(TinyModel model) => model.call(TinyTask.Batches(1, seed: 99).Single().Inputs).data<float>().ToArray();

    private (float[] Outputs, List<int> Ranks) TrainAndSave(int steps, bool compact)
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        adapted.Begin(28);
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        foreach (var batch in TinyTask.Batches(steps))
            TinyTask.Step(adapted, model, optimizer, batch);
        if (compact)
            adapted.Compact(optimizer);
        adapted.Save(_folder);
        model.eval();
        // Before the pattern is final, every triplet is kept in the file, even one that the latest mask switched off.
        return (Outputs(model), [.. adapted.Report().Modules.Select(m => adapted.IsPatternFinal ? m.LiveRank : m.InitialRank)]);
    }

    private byte[] Entries() => File.ReadAllBytes(Path.Combine(_folder, "adapter_model.safetensors"));
}
