using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Any tokens at all, as a model that has learnt nothing writes them: characters that are cut, bytes that are none, spaces before punctuation.</summary>
public sealed class TokenStreamTests
{
    private const int Runs = 3000;

    public static TheoryData<string, bool> ByteLevel =>
        new MatrixTheoryData<string, bool>(["sequence/gpt2_bytelevel", "sequence/llama3_split", "sequence/qwen2_split", "bpe"], [false, true]);

    public static TheoryData<string, bool> Others => new MatrixTheoryData<string, bool>(["sequence/xlmr_unigram", "sequence/wordpiece_added"], [false, true]);

    [Theory]
    [MemberData(nameof(ByteLevel))]
    [MemberData(nameof(Others))]
    public void The_pieces_are_the_text(string folder, bool cleansUp)
    {
        using var changed = new TemporaryFolder();
        var tokenizer = Read(folder, cleansUp, changed);
        var random = new Random(7);
        for (var run = 0; run < Runs; run++)
        {
            var (ids, skips) = (Ids(tokenizer, random), random.Next(2) == 0);
            Assert.Equal(tokenizer.Decode(ids, skips), string.Concat(Pieces(tokenizer, ids, skips)));
        }
    }

    /// <summary>A run of byte tokens that is no UTF-8 is decoded to U+FFFD throughout; characters that it begins with were handed out before that was known, and stay.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_pieces_of_byte_tokens_are_the_text_but_for_characters_before_bytes_that_are_none(bool cleansUp)
    {
        using var changed = new TemporaryFolder();
        var tokenizer = Read("sequence/llama2_bpe", cleansUp, changed);
        var random = new Random(8);
        var same = 0;
        for (var run = 0; run < Runs; run++)
        {
            var (ids, skips) = (Ids(tokenizer, random), random.Next(2) == 0);
            if (RunsOfBytes(tokenizer, ids, skips).Any(BeginsWithCharacters))
                continue;
            Assert.Equal(tokenizer.Decode(ids, skips), string.Concat(Pieces(tokenizer, ids, skips)));
            same++;
        }

        Assert.InRange(same, Runs / 10, Runs);
    }

    [Fact]
    public void A_character_that_was_handed_out_stays_when_the_bytes_behind_it_are_none()
    {
        var tokenizer = SequenceCase.TokenizerOf("sequence/llama2_bpe/cases.json");
        int Byte(int value) => tokenizer.GetId($"<0x{value:X2}>")!.Value;
        int[] ids = [Byte(0xC3), Byte(0xA9), Byte(0xFF), Byte(0xC3), .. tokenizer.EncodePlain("a")];

        Assert.Equal("\uFFFD\uFFFD\uFFFD\uFFFD a", tokenizer.Decode(ids));
        Assert.Equal([null, "é", null, null, "\uFFFD\uFFFD a", ""], Pieces(tokenizer, ids, skips: true));
        Assert.Equal([null, "é", null, "\uFFFD"], Pieces(tokenizer, ids[..3], skips: true));
    }

    [Fact]
    public void Spaces_are_held_back_until_nothing_can_remove_them()
    {
        using var changed = new TemporaryFolder();
        var tokenizer = Read("sequence/gpt2_bytelevel", cleansUp: true, changed);
        var ids = tokenizer.EncodePlain("He did n't go , she 's at home .");

        Assert.Equal("He didn't go, she's at home.", tokenizer.Decode(ids));
        Assert.Equal("He didn't go, she's at home.", string.Concat(Pieces(tokenizer, ids, skips: true)));
    }

    private static TextTokenizer Read(string folder, bool cleansUp, TemporaryFolder changed)
    {
        var source = SequenceCase.Require(folder.Split('/'));
        foreach (var file in Directory.GetFiles(source))
            File.Copy(file, changed.File(Path.GetFileName(file)));
        var settings = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "tokenizer_config.json")))!;
        settings["clean_up_tokenization_spaces"] = cleansUp;
        File.WriteAllText(changed.File("tokenizer_config.json"), settings.ToJsonString());
        return TextTokenizer.FromFolder(changed.Path);
    }

    // Whatever there is, ids of no token included, and often what is cleaned up and single bytes.
    private static int[] Ids(TextTokenizer tokenizer, Random random)
    {
        string[] texts = [" ", ".", " ,", " '", "'", " n", "'t", "'s", "é", "\U0001F375", " do not", "\uFFFD"];
        return [.. Enumerable.Range(0, random.Next(1, 24)).SelectMany(_ => random.Next(3) switch
        {
            0 => tokenizer.EncodePlain(texts[random.Next(texts.Length)]) is { Length: > 0 } ids ? ids[..random.Next(1, ids.Length + 1)] : [],
            _ => [random.Next(tokenizer.VocabularySize + 2)],
        })];
    }

    private static List<string?> Pieces(TextTokenizer tokenizer, int[] ids, bool skips)
    {
        var decoder = tokenizer.DecodeStream(skips);
        return [.. ids.Select(decoder.Add), decoder.Finish()];
    }

    private static IEnumerable<byte[]> RunsOfBytes(TextTokenizer tokenizer, int[] ids, bool skips)
    {
        var run = new List<byte>();
        foreach (var token in ids.Where(id => !skips || !tokenizer.IsSpecial(id)).Select(tokenizer.GetToken).OfType<string>().Append(""))
        {
            if (token.StartsWith("<0x", StringComparison.Ordinal))
            {
                run.Add(byte.Parse(token.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                continue;
            }

            yield return [.. run];
            run.Clear();
        }
    }

    private static bool BeginsWithCharacters(byte[] run) => !Utf8.IsValid(run) && Rune.DecodeFromUtf8(run, out _, out _) == OperationStatus.Done;
}
