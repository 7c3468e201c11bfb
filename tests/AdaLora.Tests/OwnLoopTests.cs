using AdaLora.Allocation;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>What a custom loop can ask of the allocator and the regulariser of an adapted model.</summary>
public sealed class OwnLoopTests
{
    [Fact]
    public void The_allocator_tells_schedule_scores_and_pattern()
    {
        using var model = nn.Sequential(("a", nn.Linear(6, 5)), ("b", nn.Linear(5, 4)));
        using var adapted = AdaLoraModel.Attach(model,
            new AdaLoraOptions { InitialRank = 3, TargetRank = 1, MaskInterval = 1, InitialPhase = PhaseLength.Steps(1), FinalPhase = PhaseLength.Steps(1), Seed = 1 });
        Assert.Null(adapted.Allocator);
        adapted.Begin(6);
        using var optimizer = optim.SGD(adapted.TrainableParameters, 0.1);
        for (var step = 0; step < 4; step++)
        {
            using var scope = NewDisposeScope();
            model.call(ones(2, 6)).square().sum().backward();
            adapted.BeforeOptimizerStep();
            optimizer.step();
            adapted.AfterOptimizerStep();
            optimizer.zero_grad();
        }

        var allocator = adapted.Allocator!;
        var scores = allocator.ReadScores();
        var pattern = allocator.ReadPattern();

        Assert.Same(adapted.Schedule, allocator.Schedule);
        Assert.Equal(allocator.LiveTriplets, pattern.Total);
        Assert.Equal(["a", "b"], scores.Keys.Order());
        Assert.All(scores.Values, of => Assert.Equal(3, of.Count));
        // The next mask keeps the highest: what has been masked has a lambda of 0 and, as its gradient is not 0, may still score.
        var means = adapted.ReadImportance();
        Assert.All(scores, of => Assert.Equal(of.Value.Where((_, i) => pattern[of.Key][i]).Select(score => (double?)score).Average(), means[of.Key]));
    }

    [Fact]
    public void The_regulariser_tells_the_penalty_of_the_triplets_as_they_are()
    {
        using var model = nn.Sequential(("a", nn.Linear(6, 5)));
        using var adapted = AdaLoraModel.Attach(model, new AdaLoraOptions { InitialRank = 2, TargetRank = 1, TotalSteps = 4, Seed = 1 });
        using var penalty = adapted.Regularizer.Penalty();
        using var p = adapted.Adapters[0].Views[2].View.detach().to(float64);
        using var q = adapted.Adapters[0].Views[0].View.detach().to(float64);

        var expected = (Deviation(p.transpose(0, 1)) + Deviation(q)) / 2;

        Assert.Equal(expected, penalty.to(float64).item<double>(), 1e-5);
        Assert.False(penalty.requires_grad);
        Assert.Equal(adapted.Options.OrthogonalityWeight, adapted.Regularizer.Weight);

        static double Deviation(Tensor rows) => linalg.norm(rows.matmul(rows.transpose(0, 1)) - eye(rows.shape[0], dtype: float64)).item<double>();
    }
}
