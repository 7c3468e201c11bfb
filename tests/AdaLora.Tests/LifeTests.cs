using AdaLora.Adapters.FrozenWeights;
using AdaLora.Bank;
using AdaLora.Tests.Models;
using AdaLora.TestSupport;
using AdaLora.Training;
using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>Shrinking, restoring and saving: everything that belongs to the triplets changes together or not at all.</summary>
public sealed class LifeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Best_weights_from_before_the_final_pattern_can_be_pruned_and_trained_on(bool compacts)
    {
        using var folder = new TemporaryFolder();
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, EvaluateEvery = 5, LearningRate = 1e-2, BestBeforeFinal = true, CompactWhenFinal = compacts });
        var evaluations = 0;
        trainer.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b), () => -Math.Abs(++evaluations - 3));
        Assert.Equal(compacts, adapted.IsCompacted);

        Assert.True(trainer.RestoreBest());

        Assert.Equal((false, false), (adapted.IsPatternFinal, adapted.IsCompacted));
        Assert.True(adapted.LiveTriplets > 4);
        Assert.Equal(adapted.LiveTriplets, adapted.ReadPattern().Total);
        Assert.Equal(adapted.ReadImportance().Keys.Order(), ["first", "second"]);
        adapted.Save(folder.File("open"));
        using (var other = new TinyModel())
        using (var loaded = AdaLoraModel.Load(other, folder.File("open")))
            Assert.False(loaded.IsPatternFinal);

        adapted.Finish();
        Assert.Equal((true, 4, 4), (adapted.IsPatternFinal, adapted.LiveTriplets, adapted.ReadPattern().Total));
        var outputs = TrainedTiny.Outputs(model);
        adapted.Compact();
        Assert.Equal(4, adapted.Adapters.Sum(a => a.Rank));
        Assert.All(outputs.Zip(TrainedTiny.Outputs(model)), o => Assert.Equal(o.First, o.Second, 1e-5));
        adapted.Save(folder.File("final"));
        using (var other = new TinyModel())
        using (var loaded = AdaLoraModel.Load(other, folder.File("final")))
            Assert.Equal((true, 4), (loaded.IsPatternFinal, loaded.Adapters.Sum(a => a.Rank)));
        using var again = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, LearningRate = 1e-2 });
        Assert.Equal(40, again.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b)).Steps);
    }

    [Fact]
    public void Best_is_what_can_be_used_unless_asked_otherwise()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, EvaluateEvery = 5, Patience = 2, LearningRate = 1e-2 });
        // Step 28 is the first of the final phase: the best scores and the longest time without improvement come before.
        var scores = new Queue<double>([9, 8, 7, 6, 5, 1, 3, 2]);

        var result = trainer.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b), scores.Dequeue);

        Assert.Equal(StopReason.Completed, result.StopReason);
        Assert.Equal((35, 3.0), (result.Best!.Step, result.Best.Score));
        Assert.Equal(8, result.Evaluations.Count);
        Assert.True(trainer.RestoreBest());
        Assert.Equal((true, true, 4), (adapted.IsPatternFinal, adapted.IsCompacted, adapted.ReadPattern().Total));
    }

    [Fact]
    public void Where_nothing_is_pruned_every_evaluation_counts()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TargetRank = 4 });
        using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 40, EvaluateEvery = 5, Patience = 2 });

        var result = trainer.Fit(TinyTask.Batches(40), b => TinyTask.Loss(model, b), () => 1);

        Assert.Equal((StopReason.NoImprovement, 15, 5), (result.StopReason, result.Steps, result.Best!.Step));
    }

    [Fact]
    public void Running_averages_come_back_with_the_best_weights()
    {
        using var model = nn.Sequential(("norm", nn.BatchNorm1d(8)), ("head", nn.Linear(8, 3)));
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 20, EvaluateEvery = 5, LearningRate = 1e-2 });
        var kept = new List<float[]>();
        trainer.Fit(TinyTask.Batches(20), b => TinyTask.Loss(model, b), () =>
        {
            kept.Add(State());
            return -Math.Abs(kept.Count - 2);
        });
        Assert.NotEqual(kept[1], State());

        Assert.True(trainer.RestoreBest());

        Assert.Equal(kept[1], State());
        float[] State() => [.. model.state_dict().OrderBy(s => s.Key, StringComparer.Ordinal).SelectMany(s => s.Value.to(ScalarType.Float32).detach().data<float>().ToArray())];
    }

    public static TheoryData<string> Refusals => ["another's parameters", "a failure", "no way in"];

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_compaction_that_the_optimiser_refuses_changes_nothing(string refusal)
    {
        var ends = new List<float[]>();
        foreach (var tries in (bool[])[false, true])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 28 });
            using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
            foreach (var batch in TinyTask.Batches(24))
                TinyTask.Step(adapted, model, optimizer, batch);
            if (tries)
            {
                var (parameters, handles) = (adapted.TrainableParameters[0].numel(), adapted.Adapters.SelectMany(a => a.Views).Select(v => v.View.grad!.storage_offset()).ToList());
                using var stranger = new TinyModel();
                using var refusing = refusal switch
                {
                    "another's parameters" => optim.AdamW(stranger.parameters()),
                    "a failure" => new Refusing(adapted.TrainableParameters),
                    _ => (optim.Optimizer)optim.LBFGS(adapted.TrainableParameters),
                };
                Assert.NotNull(Record.Exception(() => adapted.Compact(refusing)));
                Assert.Equal((true, false, 4), (adapted.IsPatternFinal, adapted.IsCompacted, adapted.LiveTriplets));
                Assert.Equal(parameters, adapted.TrainableParameters[0].numel());
                Assert.Equal(8, adapted.Adapters.Sum(a => a.Rank));
                Assert.Equal(handles, adapted.Adapters.SelectMany(a => a.Views).Select(v => v.View.grad!.storage_offset()));
            }

            foreach (var batch in TinyTask.Batches(4, seed: 8))
                TinyTask.Step(adapted, model, optimizer, batch);
            ends.Add(adapted.TrainableParameters[0].data<float>().ToArray());
            adapted.Compact(optimizer);
            Assert.True(adapted.IsCompacted);
        }

        Assert.Equal(ends[0], ends[1]);
    }

    [Fact]
    public void Weights_that_cannot_be_restored_in_full_are_not_restored_in_part()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 28 });
        using var optimizer = optim.AdamW(adapted.TrainableParameters, 1e-2);
        using var target = new AdaptedTarget(adapted);
        foreach (var batch in TinyTask.Batches(10))
            TinyTask.Step(adapted, model, optimizer, batch);
        using var kept = target.Capture();
        foreach (var batch in TinyTask.Batches(14))
            TinyTask.Step(adapted, model, optimizer, batch);
        adapted.Compact(optimizer);
        var held = adapted.TrainableParameters[0].data<float>().ToArray();
        // What is trained in full becomes different objects.
        model.named_children().Single(c => c.name == "head").module.to(ScalarType.Float64);

        Assert.Contains("Nothing was restored", Assert.Throws<InvalidOperationException>(kept.Restore).Message, StringComparison.Ordinal);

        Assert.Equal((true, true, 4), (adapted.IsPatternFinal, adapted.IsCompacted, adapted.LiveTriplets));
        Assert.Equal(held, adapted.TrainableParameters[0].data<float>().ToArray());
    }

    [Fact]
    public void Gradients_of_before_do_not_come_back_when_compaction_binds_them_again()
    {
        var ends = new List<float[]>();
        foreach (var clearsFirst in (bool[])[false, true])
        {
            using var model = new TinyModel();
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { TotalSteps = 28 });
            using var optimizer = optim.SGD(adapted.TrainableParameters, 0.1);
            foreach (var batch in TinyTask.Batches(24))
                TinyTask.Step(adapted, model, optimizer, batch);
            if (clearsFirst)
                model.zero_grad(set_to_none: true);
            adapted.Compact(optimizer);
            if (!clearsFirst)
                model.zero_grad(set_to_none: true);
            TinyTask.Loss(model, TinyTask.Batches(1, seed: 8).Single()).backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            ends.Add(adapted.TrainableParameters[0].data<float>().ToArray());
        }

        Assert.Equal(ends[0], ends[1]);
    }

    [Fact]
    public void A_base_in_bfloat16_follows_weights_that_are_loaded()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { BasePrecision = BasePrecision.BFloat16, TrainedModules = [] });
        using var noGrad = no_grad();
        model.eval();
        var before = Outputs();
        var state = model.state_dict().ToDictionary(s => s.Key, s => s.Key.EndsWith("base_layer.weight", StringComparison.Ordinal) ? s.Value.detach().neg() : s.Value.detach().clone());

        model.load_state_dict(state);

        var after = Outputs();
        Assert.NotEqual(before, after);
        using var expected = new TinyModel();
        expected.load_state_dict(state.Where(s => !s.Key.Contains("lora_", StringComparison.Ordinal)).ToDictionary(s => s.Key.Replace("base_layer.", "", StringComparison.Ordinal), s => s.Value));
        using var fresh = AdaLoraModel.Attach(expected, TinyTask.Options with { BasePrecision = BasePrecision.BFloat16, TrainedModules = [] });
        Assert.Equal(TrainedTiny.Outputs(expected), after);
        double[] Outputs() => TrainedTiny.Outputs(model);
    }

    private sealed class Refusing(IEnumerable<Parameter> parameters) : FusedAdamW(parameters, 1e-2), IOptimizerState
    {
        void IOptimizerState.Resize(Parameter parameter, Tensor origins)
        {
            Assert.Equal(origins.numel(), parameter.numel());
            throw new TimeoutException();
        }
    }
}
