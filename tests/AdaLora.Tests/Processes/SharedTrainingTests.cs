using AdaLora.Allocation;
using AdaLora.Internals;
using AdaLora.Processes;
using AdaLora.Targeting;
using AdaLora.Tests.Models;
using AdaLora.Training;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>
/// Processes that share the batches of a step train what one process trains. Gradients are then summed in a different order: of four batches, two processes compute (0 + 2) + (1 + 3) and one
/// computes ((0 + 1) + 2) + 3, so that weights agree to rounding. Four processes with a batch each compute the sums of one, in the order of the ranks, and weights agree bit for bit. There
/// is no dropout here: threads share the generator of their process, which real processes of the tests of AdaLora.Mpi do not.
/// </summary>
public sealed class SharedTrainingTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(4, true)]
    public void Processes_that_share_the_batches_of_a_step_train_what_one_trains(int size, bool isExact)
    {
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single);
        using var replicas = new Replicas(size);

        var found = ThreadGroup.Run(size, group => replicas[group.Rank].Train(group));

        Assert.Equal(Replica.Steps, expected.Patterns.Count);
        Assert.Contains(expected.Patterns, pattern => pattern != expected.Patterns[0]);
        Assert.True(alone.Adapted.IsCompacted);
        foreach (var one in found)
        {
            Assert.Equal(expected.Patterns, one.Patterns);
            // The same bits on every process after every step.
            Assert.Equal(found[0].Hashes, one.Hashes);
            Assert.Equal(expected.Result.History.Select(h => h.LiveTriplets), one.Result.History.Select(h => h.LiveTriplets));
            Assert.All(expected.Result.History.Zip(one.Result.History), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6));
        }

        var difference = Enumerable.Range(0, size).Max(rank => replicas[rank].DifferenceTo(alone));
        if (isExact)
            Assert.Equal(expected.Hashes, found[0].Hashes);
        else
            Assert.InRange(difference, 1e-12, 1e-6);
    }

    [Fact]
    public void With_a_budget_of_parameters_and_limits_all_keep_what_the_first_decides()
    {
        var options = TinyTask.Options with { BudgetUnit = BudgetUnit.Parameters, Overrides = ModuleOverrides.None.With("second", minimumRank: 1, maximumRank: 3) };
        using var alone = new Replica(options);
        var expected = alone.Train(ProcessGroup.Single);
        var replicas = Enumerable.Range(0, 4).Select(_ => new Replica(options)).ToList();

        var found = ThreadGroup.Run(4, group => replicas[group.Rank].Train(group));

        Assert.All(found, one => Assert.Equal(expected.Patterns, one.Patterns));
        Assert.All(found, one => Assert.Equal(expected.Hashes, one.Hashes));
        Assert.Contains(expected.Patterns, pattern => pattern != expected.Patterns[0]);
        replicas.ForEach(replica => replica.Dispose());
    }

    [Fact]
    public void A_step_exchanges_the_triplets_what_is_trained_in_full_and_two_decisions()
    {
        using var replicas = new Replicas(2);

        var calls = ThreadGroup.Run(2, group =>
        {
            replicas[group.Rank].Train(group, steps: 1);
            return group.Calls;
        });

        var (triplets, head) = (replicas[0].Initial[0], replicas[0].Initial[1..]);
        Assert.All(calls, one => Assert.Equal(
            [
                .. replicas[0].Initial.Select(count => ("Broadcast", count)),
                ("AllGather", 8), // The key of the random numbers.
                ("AllGather", 1), // Is anything cancelled?
                ("AllReduce", triplets),
                ("AllReduce", head.Sum() + head.Length),
                ("AllGather", 1), // Are the gradients finite?
                ("AllGather", 16), // For the report: the sum of losses and their number.
                ("AllGather", 8), // The score.
                ("Barrier", 0),
            ],
            one.Where(call => !IsComparison(call))));
        // Settings, weights and machines before the first step, and what is trained at the report.
        Assert.All(calls, one => Assert.Equal(2, one.Count(IsComparison)));

        static bool IsComparison((string Name, long Count) call) => call is { Name: "AllGather", Count: > 20 };
    }

    [Fact]
    public void Sums_over_items_are_divided_by_the_items_of_all_processes()
    {
        using var alone = new Replica();
        alone.TrainSums(ProcessGroup.Single);
        using var replicas = new Replicas(4);

        ThreadGroup.Run(4, group => replicas[group.Rank].TrainSums(group));

        Assert.All(Enumerable.Range(0, 4), rank => Assert.Equal(alone.Hash(), replicas[rank].Hash()));
    }

    [Fact]
    public void Training_starts_from_the_weights_of_the_first_process()
    {
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single);
        using var replicas = new Replicas(4);
        using (no_grad())
        {
            foreach (var parameter in replicas[2].Adapted.TrainableParameters)
                _ = parameter.uniform_(-0.1, 0.1);
        }

        var found = ThreadGroup.Run(4, group => replicas[group.Rank].Train(group));

        Assert.All(found, one => Assert.Equal(expected.Hashes, one.Hashes));
    }

    [Fact]
    public void Bad_gradients_of_one_process_make_all_skip_the_step()
    {
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single, badBatch: 6);
        using var replicas = new Replicas(4);

        var found = ThreadGroup.Run(4, group => replicas[group.Rank].Train(group, badBatch: 6));

        Assert.InRange(expected.Result.SkippedSteps, 1, Replica.Steps - 1);
        Assert.All(found, one => Assert.Equal(expected.Result.SkippedSteps, one.Result.SkippedSteps));
        Assert.All(found, one => Assert.Equal(expected.Hashes, one.Hashes));
    }

    [Fact]
    public void Cancelling_one_process_stops_all_after_the_same_step()
    {
        using var replicas = new Replicas(2);

        var found = ThreadGroup.Run(2, group => replicas[group.Rank].Train(group, cancelAt: group.Rank == 1 ? 3 : null));

        Assert.All(found, one => Assert.Equal((StopReason.Cancelled, 3L), (one.Result.StopReason, one.Result.Steps)));
    }

    [Fact]
    public void The_score_of_the_first_process_decides_when_to_stop()
    {
        using var replicas = new Replicas(2);

        var found = ThreadGroup.Run(2, group => replicas[group.Rank].Train(group, patience: 2, score: step => group.Rank == 0 ? Math.Min(step, 5) : step));

        Assert.All(found, one => Assert.Equal((StopReason.NoImprovement, 7L, 5.0), (one.Result.StopReason, one.Result.Steps, one.Result.Best!.Score)));
    }

    [Fact]
    public void Only_the_first_process_logs_and_reports()
    {
        using var replicas = new Replicas(2);

        ThreadGroup.Run(2, group => replicas[group.Rank].Train(group));

        Assert.NotEmpty(replicas[0].Logger.Lines);
        Assert.NotEmpty(replicas[0].Reports);
        Assert.Empty(replicas[1].Logger.Lines);
        Assert.Empty(replicas[1].Reports);
    }

    /// <summary>Weight decay would move a parameter whose gradient is 0, and does not touch one that has none.</summary>
    [Fact]
    public void A_parameter_that_only_one_process_reaches_is_trained_and_one_that_none_reaches_is_left_alone()
    {
        var expected = Train(ProcessGroup.Single, new Branches());
        Branches[] branches = [new(), new(), new()];

        var found = ThreadGroup.Run(3, group => Train(group, branches[group.Rank]));

        Assert.Equal(new Branches().Values()[2], expected[2]);
        Assert.NotEqual(new Branches().Values()[1], expected[1]);
        Assert.All(found, one => Assert.Equal(expected, one));

        static float[] Train(IProcessGroup group, Branches model)
        {
            using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 3, GradientAccumulation = 3, WeightDecay = 0.1, Group = group });
            trainer.Fit([0, 1, 2], (int batch) => model.call(batch));
            return model.Values();
        }
    }

    [Fact]
    public void A_loop_of_ones_own_shares_its_steps_as_well()
    {
        using var alone = new Replica();
        alone.Loop(ProcessGroup.Single);
        using var replicas = new Replicas(2);

        ThreadGroup.Run(2, group =>
        {
            replicas[group.Rank].Loop(group);
            return 0;
        });

        Assert.Equal(alone.Hash(), replicas[0].Hash());
        Assert.Equal(alone.Hash(), replicas[1].Hash());
    }

    [Fact]
    public void A_single_process_decides_and_sums_without_allocating_or_reading()
    {
        using var tensor = ones(3);
        using var parameter = new Parameter(ones(3));
        IReadOnlyList<Parameter> parameters = [parameter];
        Use();
        var (bytes, reads) = (GC.GetAllocatedBytesForCurrentThread(), HostRead.Count);

        Use();

        Assert.Equal((bytes, reads), (GC.GetAllocatedBytesForCurrentThread(), HostRead.Count));

        void Use()
        {
            var group = ProcessGroup.Single;
            group.AllReduce(tensor);
            group.Broadcast(tensor, root: 0);
            group.Barrier();
            GradientSum.Over(group, parameters);
            _ = (group.Any(true), group.OfFirst(1), group.Sum((1, 2)));
        }
    }

    [Fact]
    public void Options_that_a_group_cannot_follow_are_refused_together()
    {
        var options = new TrainerOptions { TotalSteps = 1, GradientAccumulation = 2, Group = new UnusableGroup() };

        var refusal = Assert.Throws<ArgumentException>(options.Validate);

        Assert.Contains("GradientAccumulation is 2, but Group has 3 processes", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Group is null", Assert.Throws<ArgumentException>(new TrainerOptions { TotalSteps = 1, Group = null! }.Validate).Message, StringComparison.Ordinal);
    }
}
