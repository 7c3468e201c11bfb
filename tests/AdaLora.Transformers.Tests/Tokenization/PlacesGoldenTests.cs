using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Where tokens come from, for the encodings of the encoders' tokenizers, and questions with long contexts in windows.</summary>
public sealed class PlacesGoldenTests
{
    private static readonly Dictionary<string, string> Cases = new()
    {
        ["sequence/offsets/bpe.json"] = "bpe/roberta_cases.json",
        ["sequence/offsets/wordpiece.json"] = "wordpiece.json",
        ["sequence/offsets/spm.json"] = "spm/deberta_cases.json",
    };

    private static readonly Dictionary<string, Lazy<TextTokenizer>> Tokenizers = new()
    {
        ["bpe"] = new(() => TextTokenizer.FromFolder(SequenceCase.Require("bpe"))),
        ["roberta"] = new(() => TextTokenizer.FromFolder(SequenceCase.Require("bpe"))),
        ["spm"] = new(() => TextTokenizer.FromFolder(SequenceCase.Require("spm"))),
        ["deberta"] = new(() => TextTokenizer.FromFolder(SequenceCase.Require("spm"))),
        ["wordpiece"] = new(() => TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "all-MiniLM-L6-v2"))),
    };

    public static TheoryData<string, int> Places => SequenceCase.Indices("cases", [.. Cases.Keys]);

    public static TheoryData<string, int> Questions => SequenceCase.Indices("cases", "more/wordpiece_windows.json", "more/roberta_windows.json", "more/deberta_windows.json");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Places))]
    public void Tokens_come_from_where_the_reference_says(string file, int index)
    {
        var entry = SequenceCase.Read(file).GetProperty("cases")[index];
        var id = entry.GetProperty("id").GetInt32();
        var source = SequenceCase.Read(Cases[file]).GetProperty("cases").EnumerateArray().Single(item => item.GetProperty("id").GetInt32() == id);

        var actual = SequenceCase.Encode(Tokenizers[Path.GetFileNameWithoutExtension(file)].Value, source);

        Assert.Equal(SequenceCase.Integers(source.GetProperty("input_ids")), actual.Ids);
        // There, the fast tokenizer loses the second mark of a letter, so that the letter comes from itself alone.
        if (file.EndsWith("spm.json", StringComparison.Ordinal) && source.GetProperty("text").GetString()!.StartsWith("a\u0323\u0307", StringComparison.Ordinal))
            Assert.Equal((0, 3), actual.Offsets[2]);
        else
            SequenceCase.AssertPlacesEqual(entry, actual);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Questions))]
    public void Long_contexts_are_cut_into_windows_like_the_reference(string file, int index)
    {
        var entry = SequenceCase.Read(file).GetProperty("cases")[index];
        var tokenizer = Tokenizers[Path.GetFileName(file).Split('_')[0]].Value;
        var length = entry.GetProperty("max_length").GetInt32();

        var windows = tokenizer.EncodeAligned(
            entry.GetProperty("question").GetString()!,
            entry.GetProperty("context").GetString(),
            new EncodingOptions { MaxLength = length, Stride = entry.GetProperty("stride").GetInt32(), Truncation = TruncationStrategy.OnlySecond }).Windows;

        var expected = entry.GetProperty("windows").EnumerateArray().ToList();
        Assert.Equal(expected.Count, windows.Count);
        foreach (var (window, actual) in expected.Zip(windows))
        {
            var batch = tokenizer.Pad([actual], length);
            Assert.Equal(SequenceCase.Integers(window.GetProperty("input_ids")), batch.Ids.Select(id => (int)id));
            Assert.Equal(SequenceCase.Integers(window.GetProperty("attention_mask")), batch.AttentionMask.Select(mask => (int)mask));
            if (window.TryGetProperty("token_type_ids", out var types))
                Assert.Equal(SequenceCase.Integers(types), batch.TypeIds.Select(type => (int)type));
            Assert.Equal(SequenceCase.Integers(window.GetProperty("sequence"))[..actual.Length], actual.SequenceIds.Select(sequence => sequence ?? -1));
            Assert.Equal(SequenceCase.Places(window.GetProperty("offsets"))[..actual.Length], actual.CodePointOffsets);
        }
    }
}
