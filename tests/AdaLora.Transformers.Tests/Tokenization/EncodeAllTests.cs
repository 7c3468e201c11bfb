using System.Collections.Concurrent;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class EncodeAllTests
{
    private static readonly TextTokenizer Tokenizer = Create();

    [Fact]
    public void Gives_what_single_calls_give_in_the_same_order()
    {
        var texts = Enumerable.Range(0, 1000).Select(i => (Text(i), i % 3 == 0 ? Text(i + 1) : null)).ToList();

        var together = Tokenizer.EncodeAll(texts, maxLength: 9);

        Assert.Equal(texts.Count, together.Length);
        Assert.All(texts.Zip(together), pair => Assert.Equal(Tokenizer.Encode(pair.First.Item1, pair.First.Item2, 9).Ids, pair.Second.Ids));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(2345)]
    public void Progress_ascends_to_the_whole_in_about_a_hundred_reports(int count)
    {
        var reports = new Recorder();

        _ = Tokenizer.EncodeAll([.. Enumerable.Range(0, count).Select(i => (Text(i), (string?)null))], progress: reports);

        Assert.Equal(reports.Seen.Order().Distinct(), reports.Seen);
        Assert.Equal(count, reports.Seen.LastOrDefault());
        Assert.True(reports.Seen.Count <= 103, $"{reports.Seen.Count} reports");
    }

    [Fact]
    public void Cancelling_ends_it()
    {
        using var cancel = new CancellationTokenSource();
        var reports = new Recorder(() => cancel.Cancel());

        _ = Assert.Throws<OperationCanceledException>(() =>
            Tokenizer.EncodeAll([.. Enumerable.Range(0, 100_000).Select(i => (Text(i), (string?)null))], progress: reports, cancellation: cancel.Token));

        Assert.True(reports.Seen[^1] < 100_000, $"{reports.Seen[^1]} were done");
    }

    [Fact]
    public void A_fault_is_the_one_that_a_single_call_has()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.EncodeAll([("one", null), ("two", null)], maxLength: 1));
        Assert.Throws<ArgumentNullException>(() => Tokenizer.EncodeAll([("one", null), (null!, null)]));
        Assert.Throws<ArgumentNullException>(() => Tokenizer.EncodeAll(null!));
    }

    private static TextTokenizer Create()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two", "three"]);
        return TextTokenizer.FromFolder(folder.Path);
    }

    private static string Text(int i) => string.Join(' ', Enumerable.Repeat("one two three".Split(' ')[i % 3], 1 + (i % 7)));

    private sealed class Recorder(Action? then = null) : IProgress<int>
    {
        private readonly ConcurrentQueue<int> _seen = new();

        public IReadOnlyList<int> Seen => [.. _seen];

        public void Report(int value)
        {
            _seen.Enqueue(value);
            then?.Invoke();
        }
    }
}
