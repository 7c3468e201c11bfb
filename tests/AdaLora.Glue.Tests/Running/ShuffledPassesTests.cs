using AdaLora.Glue.Demo;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Glue.Tests.Running;

public sealed class ShuffledPassesTests
{
    private static readonly EncodedExamples Examples = EncodedExamples.Create(
        [.. DemoData.Create(1, 50, 1).Train.Select((s, i) => new GlueExample(s.Text, null, i))], TextTokenizer.FromFolder(DemoDefaults.EncoderFolder), 16);

    [Fact]
    public void Every_pass_has_every_example_once_in_an_order_of_its_own()
    {
        var passes = new ShuffledPasses(Examples, 8, seed: 3);
        var (first, second) = (Labels(passes), Labels(passes));
        Assert.Equal(7, passes.BatchesPerPass);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (double)i), first.Order());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void The_order_depends_on_the_seed_alone()
    {
        Assert.Equal(Labels(new ShuffledPasses(Examples, 8, 3)), Labels(new ShuffledPasses(Examples, 8, 3)));
        Assert.NotEqual(Labels(new ShuffledPasses(Examples, 8, 3)), Labels(new ShuffledPasses(Examples, 8, 4)));
    }

    [Fact]
    public void Batches_are_padded_to_their_own_longest_text()
    {
        foreach (var batch in new ShuffledPasses(Examples, 8, 3))
        {
            var longest = Enumerable.Range(0, batch.Tokens.BatchSize).Max(row => Enumerable.Range(0, batch.Tokens.Length).Count(i => batch.Tokens.AttentionMask[(row * batch.Tokens.Length) + i] == 1));
            Assert.Equal(longest, batch.Tokens.Length);
            Assert.Equal(batch.Tokens.AttentionMask.Sum(), batch.Size.Tokens);
        }
    }

    private static List<double> Labels(ShuffledPasses passes) => [.. passes.SelectMany(b => b.Labels)];
}
