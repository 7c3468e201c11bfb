using AdaLora.Tests.Models;
using AdaLora.Training;
using Xunit;
using static TorchSharp.torch;

namespace AdaLora.Tests;

/// <summary>What docs/guide.md says about threads.</summary>
public sealed class ConcurrencyTests
{
    [Fact]
    public void Eight_threads_get_what_one_thread_gets_from_one_adapted_model()
    {
        using var model = new TinyModel();
        using var adapted = AdaLoraModel.Attach(model, TinyTask.Options);
        using (no_grad())
            _ = adapted.TrainableParameters[0].uniform_(-0.1, 0.1);
        model.eval();
        float[][] inputs = [.. Enumerable.Range(0, 64).Select(i => Enumerable.Range(0, 8).Select(j => (float)Math.Sin((8 * i) + j)).ToArray())];
        var expected = inputs.Select(Run).ToArray();

        var results = new float[8][][];
        var threads = Enumerable.Range(0, 8).Select(t => new Thread(() => results[t] = [.. Enumerable.Range(0, 20).SelectMany(_ => inputs).Select(Run)])).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.All(results, result => Assert.All(result.Chunk(inputs.Length), pass => Assert.Equal(expected, pass)));

        float[] Run(float[] input)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            return [.. model.call(tensor(input).clone().unsqueeze(0)).data<float>()];
        }
    }

    [Fact]
    public void Two_trainings_on_two_threads_end_as_they_do_one_after_the_other()
    {
        var alone = new[] { Train(1), Train(2) };
        var together = new float[2][];
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() => together[i] = Train(i + 1))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());

        Assert.NotEqual(alone[0], alone[1]);
        Assert.Equal(alone, together);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes()
    {
        Assert.Equal(Train(3, dropout: 0.3), Train(3, dropout: 0.3));
        Assert.NotEqual(Train(3, dropout: 0.3), Train(4, dropout: 0.3));
    }

    /// <summary>Stated separately for one and for two threads; the layers are wide enough for libtorch and the kernels of this library to use both.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Wide_layers_end_with_the_same_bytes_for_the_same_number_of_threads(int threads)
    {
        var former = get_num_threads();
        set_num_threads(threads);
        try
        {
            Assert.Equal(TrainWide(), TrainWide());
        }
        finally
        {
            set_num_threads(former);
        }
    }

    private static float[] TrainWide()
    {
        lock (Generator)
        {
            using var scope = NewDisposeScope();
            using var seed = manual_seed(5);
            using var model = nn.Sequential(("first", nn.Linear(512, 768)), ("middle", nn.GELU()), ("second", nn.Linear(768, 256)));
            var input = randn(256, 512);
            using var adapted = AdaLoraModel.Attach(model, AdaLoraOptions.ForTotalSteps(20) with { Dropout = 0.2, Seed = 1 });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 20, LearningRate = 1e-3, Seed = 1 });
            _ = trainer.Fit(Enumerable.Repeat(input, 20), batch => model.call(batch).square().mean());
            return [.. adapted.TrainableParameters.SelectMany(p => p.detach().reshape(-1).clone().data<float>().ToArray())];
        }
    }

    // The model's weights come from torch's single generator, which two threads must not draw from at the same time if results are to be repeatable.
    private static readonly object Generator = new();

    private static float[] Train(int seed, double dropout = 0)
    {
        TinyModel model;
        lock (Generator)
            model = new TinyModel();
        using (model)
        {
            using var adapted = AdaLoraModel.Attach(model, TinyTask.Options with { Seed = seed, Dropout = dropout });
            using var trainer = new Trainer(adapted, new TrainerOptions { TotalSteps = 60, LearningRate = 1e-2, Seed = dropout > 0 ? seed : null });
            using var scope = NewDisposeScope();
            _ = trainer.Fit(TinyTask.Batches(20, seed), batch => TinyTask.Loss(model, batch));
            return [.. adapted.TrainableParameters.SelectMany(p => p.detach().reshape(-1).clone().data<float>().ToArray())];
        }
    }
}
