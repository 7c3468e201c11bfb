using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests.Processes;

/// <summary>Processes that would not train the same, or no longer do, are told so by name, and all of them are.</summary>
public sealed class SameTrainingTests
{
    [Fact]
    public void Other_settings_are_named_before_the_first_step()
    {
        using var replicas = new Replicas(3);

        var refusals = ThreadGroup.Run(3, group => Assert.Throws<InvalidOperationException>(() => replicas[group.Rank].Train(group, steps: group.Rank == 2 ? 5 : 4)).Message);

        Assert.All(refusals, message => Assert.Contains("TotalSteps is 5 on process 2 and 4 on process 0", message, StringComparison.Ordinal));
        Assert.All(refusals, message => Assert.DoesNotContain("on process 1", message, StringComparison.Ordinal));
        Assert.Empty(replicas[0].Reports);
    }

    [Fact]
    public void Another_base_model_is_named_before_the_first_step()
    {
        using var replicas = new Replicas(2);
        using (no_grad())
            replicas[1].Adapted.Adapters[0].BaseLayer.parameters().First().add_(ones(1));

        var refusals = ThreadGroup.Run(2, group => Assert.Throws<InvalidOperationException>(() => replicas[group.Rank].Train(group)).Message);

        Assert.All(refusals, message => Assert.Contains("frozen weights is", message, StringComparison.Ordinal));
    }

    [Fact]
    public void Weights_that_drift_apart_are_noticed_at_the_next_report()
    {
        using var replicas = new Replicas(2);

        var refusals = ThreadGroup.Run(
            2, group => Assert.Throws<InvalidOperationException>(() => replicas[group.Rank].Train(group, score: step => group.Rank == 1 && step == 3 ? Disturb() : 0)).Message);

        Assert.All(refusals, message => Assert.StartsWith("After step 4, the processes of the group no longer have the same weights", message, StringComparison.Ordinal));

        double Disturb()
        {
            using var scope = NewDisposeScope();
            replicas[1].Adapted.TrainableParameters[1].view(-1)[0].copy_(tensor(5f));
            return 0;
        }
    }

    /// <summary>Batch normalisation keeps averages of the batches that a process has seen.</summary>
    [Fact]
    public void Running_statistics_are_those_of_the_first_process_wherever_they_count()
    {
        var found = ThreadGroup.Run(2, group =>
        {
            using var model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4));
            var seen = new List<float[]>();
            using var trainer = new Trainer(model, new TrainerOptions { TotalSteps = 2, GradientAccumulation = 2, EvaluateEvery = 1, Group = group });
            trainer.Fit(
                [1f, 2f, 3f, 4f],
                batch => model.call(full([6, 4], batch).add(arange(6).view(6, 1))).square().mean(),
                () =>
                {
                    seen.Add([.. model.named_buffers().SelectMany(b => b.buffer.to(ScalarType.Float32).data<float>().ToArray())]);
                    return 0;
                });
            return seen;
        });

        Assert.Equal(2, found[0].Count);
        Assert.Equal(found[0], found[1]);
        Assert.NotEqual(found[0][0], found[0][1]);
    }

    [Fact]
    public void Random_numbers_of_a_batch_depend_on_the_key_and_its_number_alone()
    {
        var first = Draw(() => KeyedRandomness.BeginBatch(5, 3));
        _ = rand(100);

        Assert.Equal(first, Draw(() => KeyedRandomness.BeginBatch(5, 3)));
        var all = Enumerable.Range(0, 50).SelectMany(number => (float[][])[
            Draw(() => KeyedRandomness.BeginBatch(5, number)), Draw(() => KeyedRandomness.BeginEpoch(5, number)), Draw(() => KeyedRandomness.BeginBatch(6, number))]).Select(draw => draw[0]).ToList();
        Assert.Equal(all.Count, all.Distinct().Count());

        static float[] Draw(Action seed)
        {
            using var scope = NewDisposeScope();
            seed();
            return rand(4).data<float>().ToArray();
        }
    }
}
