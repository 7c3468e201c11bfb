using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using Google.Protobuf;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>XLM-RoBERTa's sentencepiece.bpe.model: the model of the reference's xlmr_unigram, written as the SentencePiece library does.</summary>
public sealed class FairseqFolderTests : IDisposable
{
    private const string Cases = "sequence/xlmr_unigram/cases.json";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Encodes_like_the_fast_tokenizer_of_the_same_pieces()
    {
        WriteModel(modelType: 1);
        var tokenizer = TextTokenizer.FromFolder(_folder.Path);

        Assert.Equal((1, 3, 600, 601), (tokenizer.PadId, tokenizer.UnknownId, tokenizer.MaskId, tokenizer.VocabularySize));
        Assert.Equal([0, 600, 2], tokenizer.Encode(" <mask>").Ids);
        var compared = 0;
        // Without a table of normalisations, texts that NFKC changes differ, and that library puts a blank in front of everything.
        foreach (var entry in SequenceCase.Read(Cases).GetProperty("cases").EnumerateArray())
        {
            var text = entry.GetProperty("text").GetString()!;
            var isPlain = text.IsNormalized(System.Text.NormalizationForm.FormKC) && !text.StartsWith('▁') && !text.Any(c => char.IsWhiteSpace(c) && c != ' ');
            if (!isPlain || entry.TryGetProperty("max_length", out _) || entry.TryGetProperty("pair", out _))
                continue;
            var ids = SequenceCase.Integers(entry.GetProperty("input_ids"));
            if (!entry.TryGetProperty("add_special_tokens", out _))
                Assert.Equal(ids, tokenizer.Encode(text).Ids);
            compared++;
        }

        Assert.True(compared > 15, $"only {compared} cases");
        Assert.Equal([0, .. tokenizer.EncodePlain("a"), 2, 2, .. tokenizer.EncodePlain("b"), 2], tokenizer.Encode("a", "b").Ids);
        Assert.All(tokenizer.Encode("a", "b").TypeIds, type => Assert.Equal(0, type));
    }

    [Theory]
    [InlineData(2, "BPE")]
    [InlineData(4, "char")]
    public void A_model_of_another_type_is_refused(int type, string named)
    {
        WriteModel(type);
        var message = Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(_folder.Path)).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains("sentencepiece.bpe.model", message, StringComparison.Ordinal);
    }

    // The file has <unk>, <s> and </s> first; <pad> and <mask> are not in it.
    private void WriteModel(int modelType)
    {
        using var file = File.Create(_folder.File("sentencepiece.bpe.model"));
        using var output = new CodedOutputStream(file);
        Write(1, piece => { piece.WriteTag(1, WireFormat.WireType.LengthDelimited); piece.WriteString("<unk>"); piece.WriteTag(3, WireFormat.WireType.Varint); piece.WriteEnum(2); });
        foreach (var control in new[] { "<s>", "</s>" })
            Write(1, piece => { piece.WriteTag(1, WireFormat.WireType.LengthDelimited); piece.WriteString(control); piece.WriteTag(3, WireFormat.WireType.Varint); piece.WriteEnum(3); });
        var definition = SequenceCase.Read("sequence/xlmr_unigram/tokenizer.json").GetProperty("model").GetProperty("vocab").EnumerateArray().ToList();
        foreach (var entry in definition.Skip(4).SkipLast(1))
        {
            Write(1, piece =>
            {
                piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
                piece.WriteString(entry[0].GetString());
                piece.WriteTag(2, WireFormat.WireType.Fixed32);
                piece.WriteFloat((float)entry[1].GetDouble());
            });
        }

        Write(2, training => { training.WriteTag(3, WireFormat.WireType.Varint); training.WriteEnum(modelType); });

        void Write(int field, Action<CodedOutputStream> content)
        {
            using var buffer = new MemoryStream();
            using (var inner = new CodedOutputStream(buffer, leaveOpen: true))
                content(inner);
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(buffer.ToArray()));
        }
    }
}
