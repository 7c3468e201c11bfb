using AdaLora.Allocation;
using AdaLora.Bank;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

public sealed class ImportanceReadingTests
{
    private const int Total = 28;

    [Theory]
    [InlineData(3)]
    [InlineData(12)]
    [InlineData(19)]
    public void It_is_the_mean_score_of_the_kept_triplets_of_each_matrix(int steps)
    {
        using var trained = new TrainedTiny(steps);
        using var scope = NewDisposeScope();

        var importance = trained.Adapted.ReadImportance();

        var pattern = trained.Adapted.ReadPattern();
        var (sensitivity, uncertainty) = (trained.Adapted.Tracker.Sensitivity, trained.Adapted.Tracker.Uncertainty);
        Assert.Equal(trained.Adapted.Adapters.Select(a => a.Slot.Name).Order(), importance.Keys.Order());
        foreach (var slot in trained.Adapted.Adapters.Select(a => a.Slot))
        {
            var scores = new List<double>();
            for (var i = 0; i < slot.Rank; i++)
            {
                double Score(Func<Tensor, Tensor> part) => part(sensitivity).mul(part(uncertainty)).to(ScalarType.Float64).mean().item<double>();
                if (pattern[slot.Name][i])
                    scores.Add(Score(s => s.Lambda(slot)[i]) + Score(s => s.Left(slot).narrow(1, i, 1)) + Score(s => s.Right(slot).narrow(0, i, 1)));
            }

            Assert.Equal(scores.Average(), importance[slot.Name]!.Value, scores.Average() * 1e-5);
            Assert.True(importance[slot.Name] > 0, "something was learnt");
        }
    }

    [Fact]
    public void It_is_unknown_where_nothing_is_kept()
    {
        using var trained = new TrainedTiny(12, options: Options(ImportanceScore.Custom("by place", s => arange(s.Layout.Triplets, dtype: ScalarType.Float32)), target: 1));

        var importance = trained.Adapted.ReadImportance();

        var pattern = trained.Adapted.ReadPattern();
        Assert.Contains(importance, entry => entry.Value is null);
        Assert.All(importance, entry => Assert.Equal(pattern.RankOf(entry.Key) == 0, entry.Value is null));
    }

    [Fact]
    public void A_score_that_is_not_a_number_counts_as_zero()
    {
        using var trained = new TrainedTiny(3, options: Options(ImportanceScore.Custom("bad", s => full(s.Layout.Triplets, float.NaN)), target: 2));

        Assert.All(trained.Adapted.ReadImportance().Values, value => Assert.Equal(0.0, value));
    }

    [Fact]
    public void There_is_none_before_the_schedule_is_known_and_after_the_pattern_is_settled()
    {
        using var model = new TinyModel();
        using var fresh = AdaLoraModel.Attach(model, TinyTask.Options);
        using var settled = new TrainedTiny(Total);
        using var compacted = new TrainedTiny(Total, compact: true);

        Assert.Empty(fresh.ReadImportance());
        Assert.Empty(settled.Adapted.ReadImportance());
        Assert.Empty(compacted.Adapted.ReadImportance());
    }

    [Fact]
    public void Looking_changes_nothing_and_leaves_nothing_behind()
    {
        using var scope = NewDisposeScope();
        var looked = Train(look: true, out var growth);
        var unseen = Train(look: false, out _);

        Assert.Equal(unseen, looked);
        Assert.Equal(0, growth);
    }

    private static AdaLoraOptions Options(ImportanceScore score, int target) => new()
    {
        InitialRank = 4,
        TargetRank = target,
        Seed = 1,
        Targets = TargetModules.AllLinear,
        Score = score,
        MaskInterval = 1,
        InitialPhase = PhaseLength.Steps(4),
        FinalPhase = PhaseLength.Steps(14),
    };

    private static double[] Train(bool look, out long growth)
    {
        using var trained = new TrainedTiny(0);
        using var optimizer = optim.AdamW(trained.Adapted.TrainableParameters, 1e-2);
        growth = 0;
        foreach (var batch in TinyTask.Batches(19))
        {
            TinyTask.Step(trained.Adapted, trained.Model, optimizer, batch);
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            if (look)
                _ = trained.Adapted.ReadImportance();
            growth += DisposeScopeManager.Statistics.ThreadTotalLiveCount - before;
        }

        return trained.Outputs();
    }
}
