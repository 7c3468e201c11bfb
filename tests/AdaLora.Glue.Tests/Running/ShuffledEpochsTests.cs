using AdaLora.Experiments.Runs;
using AdaLora.Glue.Demo;
using AdaLora.Glue.Tasks;
using AdaLora.Training.Data;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

public sealed class ShuffledEpochsTests
{
    private static readonly EncodedExamples Examples = EncodedExamples.Create(
        GlueTasks.Find("cola"), [.. DemoData.Create(1, 50, 1).Train.Select((s, i) => new GlueExample(s.Text, null, i))], TextTokenizer.FromFolder(DemoDefaults.EncoderFolder), 16);

    [Fact]
    public void Every_epoch_has_every_example_once_in_an_order_of_its_own()
    {
        var epochs = Epochs(8, seed: 3);
        var (first, second) = (Labels(epochs), Labels(epochs));
        Assert.Equal(7, epochs.BatchesPerEpoch);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (double)i), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void The_order_depends_on_the_seed_alone()
    {
        Assert.Equal(Labels(Epochs(8, 3)), Labels(Epochs(8, 3)));
        Assert.NotEqual(Labels(Epochs(8, 3)), Labels(Epochs(8, 4)));
    }

    [Fact]
    public void Batches_are_padded_to_their_own_longest_text()
    {
        foreach (var batch in Epochs(8, 3))
        {
            var longest = Enumerable.Range(0, batch.Tokens.BatchSize).Max(row => Enumerable.Range(0, batch.Tokens.Length).Count(i => batch.Tokens.AttentionMask[(row * batch.Tokens.Length) + i] == 1));
            Assert.Equal(longest, batch.Tokens.Length);
            Assert.Equal(batch.Tokens.AttentionMask.Sum(), batch.Size.Tokens);
        }
    }

    [Fact]
    public void Grouping_by_length_pads_less_and_keeps_every_example_once()
    {
        var plain = Epochs(8, seed: 3).ToList();
        var grouped = Epochs(8, seed: 3, BatchOrder.SimilarLengths);
        var first = grouped.ToList();

        Assert.Equal(grouped.BatchesPerEpoch, first.Count);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (double)i), first.SelectMany(b => b.Labels.Select(label => label[0])).Order());
        Assert.True(first.Sum(Cells) < plain.Sum(Cells));
        Assert.Equal(first.SelectMany(b => b.Labels.Select(label => label[0])), Labels(Epochs(8, seed: 3, BatchOrder.SimilarLengths)));
        Assert.NotEqual(first.SelectMany(b => b.Labels.Select(label => label[0])), Labels(grouped));
        // Short and long batches are mixed.
        Assert.NotEqual(first.Select(b => b.Tokens.Length).Order(), first.Select(b => b.Tokens.Length));

        static int Cells(ExampleBatch batch) => batch.Tokens.Length * batch.Labels.Count;
    }

    [Theory]
    [InlineData(nameof(BatchOrder.Random))]
    [InlineData(nameof(BatchOrder.SimilarLengths))]
    [InlineData(nameof(BatchOrder.EvenBatches))]
    public void A_resumed_epoch_goes_on_with_the_batches_that_were_left(string name)
    {
        var batching = Enum.Parse<BatchOrder>(name);
        var whole = Epochs(8, 3, batching, 3);
        List<List<double>> epochs = [Labels(whole), Labels(whole), Labels(whole)];

        var resumed = Epochs(8, 3, batching, 3);
        var rest = resumed.Resume(2, 3).SelectMany(b => b.Labels.Select(label => label[0])).ToList();

        Assert.Equal(epochs[1].TakeLast(rest.Count), rest);
        Assert.InRange(rest.Count, 50 - (3 * 8), 50 - (2 * 8));
        Assert.Equal(epochs[2], Labels(resumed));
    }

    /// <summary>Seven batches to an epoch and three to a step: steps begin in one epoch and end in the next.</summary>
    [Fact]
    public void The_batches_of_a_step_have_about_the_same_number_of_tokens()
    {
        var (random, dealt) = (Spread(Epochs(8, seed: 3)), Spread(Epochs(8, seed: 3, BatchOrder.EvenBatches, 3)));

        Assert.InRange(dealt, 0, 0.3 * random);

        static double Spread(ShuffledEpochs<ExampleBatch> epochs)
        {
            var three = Enumerable.Range(0, 3).Select(_ => epochs.ToList()).ToList();
            Assert.All(three, epoch => Assert.Equal(Enumerable.Range(0, 50).Select(i => (double)i), epoch.SelectMany(b => b.Labels.Select(label => label[0])).Order()));
            Assert.All(three, epoch => Assert.Equal(7, epoch.Count));
            // The last batch of an epoch has two texts.
            var steps = three.SelectMany(epoch => epoch).Chunk(3).Where(step => step.All(batch => batch.Labels.Count == 8)).ToList();
            Assert.Equal(4, steps.Count);
            return steps.Sum(step => step.Max(batch => batch.Size.Tokens) - step.Min(batch => batch.Size.Tokens));
        }
    }

    [Fact]
    public void Preparing_batches_ahead_changes_nothing_not_even_for_a_resumed_pass()
    {
        var plain = Epochs(8, 3);
        var ahead = Assert.IsAssignableFrom<IResumableBatches<ExampleBatch>>(PrefetchedBatches.Of(Epochs(8, 3)));

        for (var epoch = 0; epoch < 3; epoch++)
            Assert.Equal(Contents(plain), Contents(ahead));
        Assert.Equal(Contents(plain.Resume(2, 3)), Contents(ahead.Resume(2, 3)));
        Assert.Equal(Contents(plain), Contents(ahead));

        static List<double> Contents(IEnumerable<ExampleBatch> batches) => [.. batches.SelectMany(b => b.Labels.Select(label => label[0]).Concat(b.Tokens.Ids.Select(id => (double)id)))];
    }

    private static List<double> Labels(ShuffledEpochs<ExampleBatch> epochs) => [.. epochs.SelectMany(b => b.Labels.Select(label => label[0]))];

    private static ShuffledEpochs<ExampleBatch> Epochs(int batchSize, long seed, BatchOrder batching = BatchOrder.Random, int perStep = 1) =>
        new(Examples.Count, Examples.LengthOf, Examples.Batch, batchSize, seed, batching, perStep);
}
