using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Tokenizers of decoders and of encoder-decoders in published styles, read from tokenizer.json, with the encodings of the reference.</summary>
public sealed class SequenceGoldenTests
{
    private static readonly string[] Files =
        [.. new[] { "gpt2_bytelevel", "llama2_bpe", "llama3_split", "qwen2_split", "t5_unigram", "wordpiece_added", "xlmr_unigram" }.Select(folder => $"sequence/{folder}/cases.json")];

    public static TheoryData<string, int> Cases => SequenceCase.Indices("cases", Files);

    public static TheoryData<string, int> Streams => SequenceCase.Indices("streams", Files);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Encodes_like_the_reference(string file, int index)
    {
        var entry = SequenceCase.Read(file).GetProperty("cases")[index];
        var actual = SequenceCase.Encode(SequenceCase.TokenizerOf(file), entry);

        SequenceCase.AssertEqual(entry, actual);
        var further = entry.TryGetProperty("overflowing", out var overflow) ? overflow.EnumerateArray().ToList() : [];
        Assert.Equal(further.Count, actual.Overflow.Count);
        Assert.All(further.Zip(actual.Overflow), pair => SequenceCase.AssertEqual(pair.First, pair.Second));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Decodes_like_the_reference(string file, int index)
    {
        var entry = SequenceCase.Read(file).GetProperty("cases")[index];
        if (!entry.TryGetProperty("decoded", out var decoded))
        {
            Assert.True(entry.TryGetProperty("max_length", out _), "Only cases of truncation have no decoded text.");
            return;
        }

        var tokenizer = SequenceCase.TokenizerOf(file);
        var ids = SequenceCase.Integers(entry.GetProperty("input_ids"));
        var text = decoded.GetString();
        Assert.Equal(text, tokenizer.Decode(ids));
        Assert.Equal(entry.TryGetProperty("decoded_skip_special", out var skipped) ? skipped.GetString() : text, tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Streams))]
    public void Hands_out_the_pieces_of_a_stream_like_the_reference(string file, int index)
    {
        var stream = SequenceCase.Read(file).GetProperty("streams")[index];
        var id = stream.GetProperty("id").GetInt32();
        var entry = SequenceCase.Read(file).GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("id").GetInt32() == id);
        var tokenizer = SequenceCase.TokenizerOf(file);
        var ids = SequenceCase.Integers(entry.GetProperty("input_ids"));
        var decoder = tokenizer.DecodeStream();

        Assert.Equal(stream.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString()), ids.Select(decoder.Add));
        _ = decoder.Finish();
        if (stream.TryGetProperty("prefixes", out var prefixes))
            Assert.Equal(prefixes.EnumerateArray().Select(prefix => prefix.GetString()), Enumerable.Range(1, ids.Length).Select(count => tokenizer.Decode(ids[..count], skipSpecialTokens: true)));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void The_pieces_of_a_stream_are_the_text(string file, int index)
    {
        var tokenizer = SequenceCase.TokenizerOf(file);
        var ids = SequenceCase.Integers(SequenceCase.Read(file).GetProperty("cases")[index].GetProperty("input_ids"));
        var decoder = tokenizer.DecodeStream();
        var pieces = ids.Select(decoder.Add).ToList();

        Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens: true), string.Concat(pieces) + decoder.Finish());
        Assert.All(pieces.OfType<string>(), piece => Assert.False(piece.Contains('\uFFFD') && !tokenizer.Decode(ids).Contains('\uFFFD'), piece));
    }
}
