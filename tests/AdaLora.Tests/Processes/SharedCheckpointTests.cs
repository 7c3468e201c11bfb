using System.Globalization;
using AdaLora.Processes;
using AdaLora.Targeting;
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

        // What several processes decide after a step travels with the gradients of the next.
        var steps = before == 1 ? 6 : 7;
        Assert.All(begun, one => Assert.Equal((StopReason.Cancelled, steps), (one.Result.StopReason, one.Result.Steps)));
        Assert.All(ended, one => Assert.Equal(expected.Hashes.Skip(steps), one.Hashes));
        Assert.Equal(expected.Result.History.Select(h => h.Loss), ended[0].Result.History.Select(h => h.Loss));
        Assert.Equal(expected.Result.History.Select(h => h.Loss), ended[^1].Result.History.Select(h => h.Loss));
    }

    /// <summary>Written by one process after two of a step's four batches.</summary>
    [Theory]
    [InlineData(AttachmentMethod.Automatic)]
    [InlineData(AttachmentMethod.Materialise)]
    public void What_one_process_saved_within_a_step_is_continued_by_two(AttachmentMethod attachment)
    {
        using var folder = new TemporaryFolder();
        using var alone = new Replica(attachment);
        var expected = alone.Train(ProcessGroup.Single);
        using (var first = new Replica(attachment))
            Assert.Throws<InvalidTimeZoneException>(() => first.Train(ProcessGroup.Single, checkpoints: new CheckpointOptions { Folder = folder.Path, Every = 2 }, failAtBatch: 15));

        var ended = Train(2, folder.Path, cancelAt: null, attachment: attachment);

        Assert.Equal(expected.Patterns[^1], ended[0].Patterns[^1]);
        Assert.All(expected.Result.History.Zip(ended[0].Result.History), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6));
    }

    /// <summary>With ten batches to an epoch and four to a step, the third epoch ends within the eighth step, and patience with it.</summary>
    [Theory]
    [InlineData(AttachmentMethod.Automatic)]
    [InlineData(AttachmentMethod.Materialise)]
    public void What_two_processes_saved_at_an_end_within_a_step_is_continued_by_one(AttachmentMethod attachment)
    {
        using var folder = new TemporaryFolder();
        using var alone = new Replica(attachment);
        var expected = alone.Train(ProcessGroup.Single, evaluateEvery: null);
        using (var replicas = new Replicas(2, attachment))
        {
            var begun = ThreadGroup.Run(2, group => replicas[group.Rank].Train(group, evaluateEvery: null, patience: 2, checkpoints: new CheckpointOptions { Folder = folder.Path, Every = 1000 }));
            Assert.All(begun, one => Assert.Equal((StopReason.NoImprovement, 7L), (one.Result.StopReason, one.Result.Steps)));
        }

        using var last = new Replica(attachment);
        var ended = last.Train(ProcessGroup.Single, evaluateEvery: null, checkpoints: new CheckpointOptions { Folder = folder.Path, Resume = true });

        Assert.Equal(16, ended.Result.Steps);
        Assert.All(expected.Result.History.Zip(ended.Result.History), pair => Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-6));
        Assert.InRange(last.DifferenceTo(alone), 0, 1e-6);
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

    private static ReplicaRun[] Train(int size, string folder, int? cancelAt, long every = 4, AttachmentMethod attachment = AttachmentMethod.Automatic)
    {
        using var replicas = new Replicas(size, attachment);
        return size == 1
            ? [replicas[0].Train(ProcessGroup.Single, cancelAt: cancelAt, checkpoints: Checkpoints())]
            : ThreadGroup.Run(size, group => replicas[group.Rank].Train(group, cancelAt: cancelAt, checkpoints: Checkpoints()));

        CheckpointOptions Checkpoints() => new() { Folder = folder, Every = every, Resume = true };
    }
}
