using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Whether special tokens that are written out in a text count as such.</summary>
public sealed class SpecialTokensInTextTests : IDisposable
{
    private readonly WordPieceFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, SpecialTokensInText.AreSpecial, true)]
    [InlineData(null, SpecialTokensInText.AreText, false)]
    [InlineData(""" "split_special_tokens": false """, null, true)]
    [InlineData(""" "split_special_tokens": true """, null, false)]
    [InlineData(""" "split_special_tokens": true """, SpecialTokensInText.AreSpecial, true)]
    public void The_caller_decides_and_then_the_files(string? config, SpecialTokensInText? treatment, bool areSpecial)
    {
        var tokenizer = _files.FromDefinition(_ => { }, config);
        var ids = tokenizer.EncodeAligned("cat [SEP] cat", options: new EncodingOptions { SpecialTokensInText = treatment }).Ids;

        Assert.Equal(areSpecial, ids.Count == 5 && ids[2] == 3);
        Assert.Equal(1, ids.Count(id => id == 2));
        Assert.Equal(areSpecial ? 2 : 1, ids.Count(id => id == 3));
        if (treatment is null)
            Assert.Equal(ids, tokenizer.Encode("cat [SEP] cat").Ids);
    }

    [Fact]
    public void Tokens_that_are_not_special_remain_tokens()
    {
        var tokenizer = _files.WithTokens(("zqz", ""));
        Assert.Equal([440], tokenizer.EncodeAligned("zqz", options: new EncodingOptions { SpecialTokensInText = SpecialTokensInText.AreText }).Ids);
    }

    [Fact]
    public void What_is_spelled_out_comes_from_where_it_stands()
    {
        var tokenizer = _files.FromDefinition(_ => { });
        var row = tokenizer.EncodeAligned("a [SEP]", options: new EncodingOptions { SpecialTokensInText = SpecialTokensInText.AreText, AddSpecialTokens = false });
        Assert.Equal(((0, 1), (2, 3), (6, 7)), (row.Offsets[0], row.Offsets[1], row.Offsets[^1]));
        Assert.DoesNotContain(3, row.Ids);
    }
}
