using System.Runtime;
using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;

namespace AdaLora.Tests.Training;

/// <summary>Collections between steps. The region applies to the whole process, so no other test runs meanwhile.</summary>
[Collection(nameof(NoGCRegionTests))]
public sealed class NoGCRegionTests
{
    [Fact]
    public void Steps_and_evaluations_run_in_the_region_which_ends_with_the_training()
    {
        var seen = new List<bool>();

        Fit(64, () => seen.Add(NoGCRegion.IsOn), evaluate: () => seen.Add(NoGCRegion.IsOn));

        Assert.Equal(8 + 2, seen.Count);
        Assert.All(seen, Assert.True);
        RequireNone();
    }

    [Fact]
    public void Without_the_option_there_is_none()
    {
        var seen = new List<GCLatencyMode>();
        Fit(null, () => seen.Add(GCSettings.LatencyMode));
        Assert.DoesNotContain(GCLatencyMode.NoGCRegion, seen);
    }

    [Fact]
    public void It_ends_with_an_exception_too()
    {
        Assert.Throws<InvalidDataException>(() => Fit(64, () => throw new InvalidDataException("No.")));
        RequireNone();
        Assert.Throws<InvalidDataException>(() => Fit(64, () => { }, evaluate: () => throw new InvalidDataException("No.")));
        RequireNone();
    }

    /// <summary>Allocating more than the region holds ends it with a collection; the next step begins another.</summary>
    [Fact]
    public void A_step_that_allocates_more_than_it_holds_goes_on_without()
    {
        var (before, after) = (new List<bool>(), new List<bool>());
        Fit(4, () =>
        {
            before.Add(NoGCRegion.IsOn);
            for (var i = 0; i < 20_000; i++)
                GC.KeepAlive(new byte[1000]);
            after.Add(NoGCRegion.IsOn);
        });
        Assert.All(before, Assert.True);
        Assert.All(after, Assert.False);
        RequireNone();
    }

    [Fact]
    public void A_region_that_somebody_else_has_begun_is_left_alone()
    {
        Assert.True(GC.TryStartNoGCRegion(200 << 20));
        Fit(64, () => Assert.False(NoGCRegion.IsOn));
        Assert.Equal(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode);
        GC.EndNoGCRegion();
    }

    [Fact]
    public void A_training_within_another_and_one_beside_it_share_the_region()
    {
        var seen = new List<bool>();
        var beside = new Thread(() => Fit(64, () => Thread.Sleep(1)));
        beside.Start();
        Fit(64, () => { }, evaluate: () =>
        {
            // Evaluations compute no gradients.
            using (TorchSharp.torch.enable_grad())
                Fit(64, () => { });
            seen.Add(GCSettings.LatencyMode == GCLatencyMode.NoGCRegion);
        });
        beside.Join();
        Assert.NotEmpty(seen);
        RequireNone();
    }

    private static void RequireNone()
    {
        Assert.False(NoGCRegion.IsOn);
        Assert.NotEqual(GCLatencyMode.NoGCRegion, GCSettings.LatencyMode);
    }

    private static void Fit(int? megabytes, Action step, Action? evaluate = null)
    {
        using var model = new TinyModel();
        using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 8, EvaluateEvery = evaluate is null ? null : 4, NoGCRegionMegabytes = megabytes });
        trainer.Fit(
            TinyTask.Batches(4),
            batch =>
            {
                step();
                return TinyTask.Loss(model, batch);
            },
            evaluate is null ? null : () =>
            {
                evaluate();
                return 1;
            });
    }
}

/// <summary>Says that these tests run by themselves.</summary>
[CollectionDefinition(nameof(NoGCRegionTests), DisableParallelization = true)]
public sealed class NoGCRegionCollection;
