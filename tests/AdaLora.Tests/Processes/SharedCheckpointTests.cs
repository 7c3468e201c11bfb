using System.Globalization;
using AdaLora.Processes;
using AdaLora.TestSupport;
using AdaLora.Training;
using Xunit;

namespace AdaLora.Tests.Processes;

/// <summary>Checkpoints do not depend on how many processes wrote them: any number resumes from them.</summary>
public sealed class SharedCheckpointTests
{
    /// <summary>Four processes compute the sums of one, so that nothing is lost to rounding.</summary>
    [Theory]
    [InlineData(1, 4)]
    [InlineData(4, 1)]
    [InlineData(4, 4)]
    public void A_training_that_other_processes_continue_ends_as_one_that_was_not_interrupted(int before, int after)
    {
        using var folder = new TemporaryFolder();
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single);

        var begun = Train(before, folder.Path, cancelAt: 6);
        var ended = Train(after, folder.Path, cancelAt: null);

        Assert.All(begun, one => Assert.Equal((StopReason.Cancelled, 6L), (one.Result.StopReason, one.Result.Steps)));
        Assert.All(ended, one => Assert.Equal(expected.Hashes.Skip(6), one.Hashes));
        Assert.Equal(expected.Result.History.Select(h => h.Loss), ended[0].Result.History.Select(h => h.Loss));
        Assert.Equal(expected.Result.History.Select(h => h.Loss), ended[^1].Result.History.Select(h => h.Loss));
    }

    /// <summary>Written by one process after two of a step's four batches.</summary>
    [Fact]
    public void What_one_process_saved_within_a_step_is_continued_by_two()
    {
        using var folder = new TemporaryFolder();
        using var alone = new Replica();
        var expected = alone.Train(ProcessGroup.Single);
        using (var first = new Replica())
            Assert.Throws<InvalidTimeZoneException>(() => first.Train(ProcessGroup.Single, checkpoints: new CheckpointOptions { Folder = folder.Path, Every = 2 }, failAtBatch: 15));

        var ended = Train(2, folder.Path, cancelAt: null);

        Assert.Equal(expected.Patterns[^1], ended[0].Patterns[^1]);
        Assert.All(expected.Result.History.Zip(ended[0].Result.History), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6));
    }

    [Fact]
    public void Only_the_first_process_writes_and_only_between_steps()
    {
        using var folder = new TemporaryFolder();

        _ = Train(2, folder.Path, cancelAt: null, every: 3);

        var batches = Directory.GetFiles(folder.Path, "*.safetensors").Select(path => int.Parse(Path.GetFileName(path).Split('-')[1], CultureInfo.InvariantCulture)).ToList();
        Assert.NotEmpty(batches);
        Assert.All(batches, count => Assert.Equal(0, count % 4));
    }

    private static ReplicaRun[] Train(int size, string folder, int? cancelAt, long every = 4)
    {
        using var replicas = new Replicas(size);
        return size == 1
            ? [replicas[0].Train(ProcessGroup.Single, cancelAt: cancelAt, checkpoints: Checkpoints())]
            : ThreadGroup.Run(size, group => replicas[group.Rank].Train(group, cancelAt: cancelAt, checkpoints: Checkpoints()));

        CheckpointOptions Checkpoints() => new() { Folder = folder, Every = every, Resume = true };
    }
}
