using AdaLora.Allocation;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Bank;

public sealed class CompactionTests
{
    public static TheoryData<string> Optimizers => ["fused", "adamw", "sgd with momentum", "rmsprop", "adam"];

    /// <summary>Without a penalty and clipping, which see pruned triplets while they are held, dropping them changes no result at all.</summary>
    [Theory]
    [MemberData(nameof(Optimizers))]
    public void Dropping_pruned_triplets_leaves_two_hundred_further_losses_as_they_were(string optimizer)
    {
        var masked = Train(optimizer, compact: false);
        var compacted = Train(optimizer, compact: true);
        Assert.Equal(300, masked.Count);
        for (var i = 0; i < masked.Count; i++)
            Assert.True(Math.Abs(masked[i] - compacted[i]) <= 1e-6 * Math.Abs(masked[i]), $"step {i}: {masked[i]:R} and {compacted[i]:R}");
    }

    [Fact]
    public void An_optimiser_whose_state_cannot_follow_is_refused_before_anything_changes()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { TotalSteps = 2, InitialPhase = PhaseLength.Steps(0), FinalPhase = PhaseLength.Steps(1), TrainedModules = ["head"] });
        using var optimizer = optim.AdamW(adapted.TrainableParameters);
        Assert.Throws<InvalidOperationException>(() => adapted.Compact(optimizer));
        foreach (var batch in TinyTask.Batches(2))
            TinyTask.Step(adapted, model, optimizer, batch);
        using var other = optim.LBFGS(adapted.TrainableParameters);
        var held = adapted.TrainableParameters[0].numel();
        Assert.Contains("LBFGS", Assert.Throws<NotSupportedException>(() => adapted.Compact(other)).Message, StringComparison.Ordinal);
        Assert.False(adapted.IsCompacted);
        Assert.Equal(held, adapted.TrainableParameters[0].numel());
        adapted.Compact(optimizer);
        Assert.True(adapted.TrainableParameters[0].numel() < held);
    }

    private static List<double> Train(string name, bool compact)
    {
        using var model = new TinyModel(ScalarType.Float64);
        using var adapted = AdaLoraModel.Attach(
            model,
            new AdaLoraOptions
            {
                InitialRank = 6,
                TargetRank = 2,
                Seed = 1,
                TrainedModules = ["head"],
                OrthogonalityWeight = 0,
                TotalSteps = 300,
                InitialPhase = PhaseLength.Steps(20),
                FinalPhase = PhaseLength.Steps(200),
                MaskInterval = 5,
            });
        using var optimizer = name switch
        {
            "fused" => new FusedAdamW(adapted.TrainableParameters, 5e-3),
            "adamw" => optim.AdamW(adapted.TrainableParameters, 5e-3, weight_decay: 0.01),
            "adam" => optim.Adam(adapted.TrainableParameters, 5e-3, amsgrad: true),
            "rmsprop" => optim.RMSProp(adapted.TrainableParameters, 1e-3, momentum: 0.5, centered: true),
            _ => (optim.Optimizer)optim.SGD(adapted.TrainableParameters, 0.05, momentum: 0.9),
        };
        var losses = new List<double>();
        foreach (var batch in TinyTask.Batches(300, dtype: ScalarType.Float64))
        {
            using var scope = NewDisposeScope();
            optimizer.zero_grad();
            var loss = nn.functional.cross_entropy(model.call(batch.Inputs), batch.Labels);
            losses.Add(loss.item<double>());
            loss.backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            if (compact && adapted.IsPatternFinal)
                adapted.Compact(optimizer);
        }

        Assert.Equal(compact, adapted.IsCompacted);
        return losses;
    }
}
