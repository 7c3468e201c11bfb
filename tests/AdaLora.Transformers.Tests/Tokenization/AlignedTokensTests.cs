using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class AlignedTokensTests : IDisposable
{
    private readonly WordPieceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Words_are_counted_in_each_text()
    {
        var row = _files.FromDefinition(_ => { }).EncodeAligned("The cat-sat", "cat the");
        Assert.Equal([null, 0, 1, 2, 3, null, 0, 1, null], row.WordIds);
        Assert.Equal([null, 0, 0, 0, 0, null, 1, 1, null], row.SequenceIds);
        Assert.Equal(["[CLS]", "the", "cat", "-", "sat", "[SEP]", "cat", "the", "[SEP]"], row.Tokens);
        Assert.Equal([(0, 0), (0, 3), (4, 7), (7, 8), (8, 11), (0, 0), (0, 3), (4, 7), (0, 0)], row.Offsets);
    }

    [Fact]
    public void Halves_of_characters_count_as_characters()
    {
        var row = _files.FromDefinition(_ => { }).EncodeAligned("\ud83d\ude00 \ud83d cat \ude00 cat", options: new EncodingOptions { AddSpecialTokens = false });
        Assert.Equal(("cat", (5, 8), (4, 7)), (row.Tokens[1], row.Offsets[1], row.CodePointOffsets[1]));
        Assert.Equal(("cat", (11, 14), (10, 13)), (row.Tokens[^1], row.Offsets[^1], row.CodePointOffsets[^1]));
    }

    [Fact]
    public void Windows_begin_where_the_one_before_ends_but_for_the_stride()
    {
        var tokenizer = _files.FromDefinition(_ => { });
        var text = string.Join(' ', Enumerable.Repeat("the cat sat on", 5));
        var windows = tokenizer.EncodeAligned(text, options: new EncodingOptions { MaxLength = 9, Stride = 2 }).Windows;

        Assert.Equal(4, windows.Count);
        Assert.All(windows, window => Assert.InRange(window.Length, 3, 9));
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.Offsets.Skip(6).Take(2), pair.Second.Offsets.Skip(1).Take(2)));
        Assert.Equal(tokenizer.EncodePlain(text), windows.SelectMany((window, number) => window.Ids.Skip(number == 0 ? 1 : 3).SkipLast(1)));
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused()
    {
        var tokenizer = _files.FromDefinition(_ => { });
        foreach (var options in new[]
        {
            new EncodingOptions { MaxLength = 1 }, new EncodingOptions { Stride = -1 }, new EncodingOptions { MaxLength = 4, Stride = 2 },
            new EncodingOptions { Truncation = (TruncationStrategy)9 }, new EncodingOptions { SpecialTokensInText = (SpecialTokensInText)9 },
        })
        {
            _ = Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.EncodeAligned("the cat sat on the cat", options: options));
        }

        _ = Assert.Throws<ArgumentException>(() => tokenizer.EncodeAligned("the cat", "sat", new EncodingOptions { MaxLength = 5, Truncation = TruncationStrategy.OnlySecond }));
        Assert.Equal(4, tokenizer.EncodeAligned("the cat", options: new EncodingOptions { MaxLength = 4, Stride = 2 }).Length);
    }

    [Fact]
    public void All_together_are_encoded_as_one_by_one()
    {
        var tokenizer = _files.FromDefinition(_ => { });
        var texts = new RandomTexts(3);
        List<(string, string?)> pairs = [.. Enumerable.Range(0, 300).Select(i => (texts.Next(), i % 2 == 0 ? texts.Next() : null))];
        var options = new EncodingOptions { MaxLength = 12, Stride = 1 };

        var together = tokenizer.EncodeAllAligned(pairs, options);

        foreach (var ((text, pair), actual) in pairs.Zip(together))
        {
            var expected = tokenizer.EncodeAligned(text, pair, options);
            Assert.Equal(expected.Windows.SelectMany(window => window.Ids), actual.Windows.SelectMany(window => window.Ids));
            Assert.Equal(expected.Offsets, actual.Offsets);
        }
    }

    [Fact]
    public void A_stream_ends_with_what_was_held_back()
    {
        var tokenizer = SequenceCase.TokenizerOf("sequence/gpt2_bytelevel/cases.json");
        var bytes = tokenizer.EncodePlain("\U0001F375");
        var stream = tokenizer.DecodeStream();

        Assert.True(bytes.Length > 1);
        Assert.All(bytes.SkipLast(1), id => Assert.Null(stream.Add(id)));
        Assert.Equal("\uFFFD", stream.Finish());
        Assert.Equal("\U0001F375", string.Concat(bytes.Select(stream.Add)));
        Assert.Equal("", stream.Finish());
    }
}
