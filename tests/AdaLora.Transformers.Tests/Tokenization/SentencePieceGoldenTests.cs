using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using AdaLora.Transformers.Tokenization.Files;
using AdaLora.Transformers.Tokenization.Pipeline;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Encodings on which the SentencePiece library and the reference's fast DeBERTa tokenizer agree, over a small model.</summary>
public sealed class SentencePieceGoldenTests : IDisposable
{
    private static readonly string[] Files = ["spm/deberta_cases.json", "more/deberta_modes.json"];

    private static readonly Lazy<TextTokenizer> Tokenizer = new(() => TextTokenizer.FromFolder(TestMaterial.RequireGolden("tokenizers", "spm")));

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int> Cases => TokenizerCase.Indices("cases", Files);

    public static TheoryData<string, int> Batches => TokenizerCase.Indices("padded_batches", Files);

    public static TheoryData<string, int> Normalizations => TokenizerCase.Indices("normalization", Files);

    public void Dispose() => _folder.Dispose();

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Encodes_like_the_reference(string file, int index)
    {
        var entry = TokenizerCase.Read(file).GetProperty("cases")[index];
        TokenizerCase.AssertEqual(Tokenizer.Value, entry, TokenizerCase.Encode(Tokenizer.Value, entry));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Batches))]
    public void Pads_like_the_reference(string file, int index) => TokenizerCase.AssertBatchEqual(Tokenizer.Value, TokenizerCase.Read(file).GetProperty("padded_batches")[index]);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Normalizations))]
    public void Normalises_like_the_library_of_the_model(string file, int index)
    {
        var entry = TokenizerCase.Read(file).GetProperty("normalization")[index];
        var model = SentencePieceModelFile.Read(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"));
        var work = new Workspace();
        work.Text.Load(entry.GetProperty("text").GetString(), 0);
        work.Normalize([model.Table]);
        work.Pieces.Add(new Piece(0, work.Text.Length));
        model.Spaces.Apply(work);

        Assert.Equal(entry.GetProperty("normalized").GetString(), work.Text.Span.ToString());
    }

    [Fact]
    public void Special_tokens_have_the_ids_of_the_reference()
    {
        var special = TokenizerCase.Read("spm/deberta_cases.json").GetProperty("special");
        var tokenizer = Tokenizer.Value;

        Assert.Equal(600, tokenizer.MaskId);
        Assert.Equal((0, 3, 601), (tokenizer.PadId, tokenizer.UnknownId, tokenizer.VocabularySize));
        Assert.Equal([1, 2], tokenizer.Encode("").Ids);
        Assert.NotEqual(JsonValueKind.Undefined, special.ValueKind);
    }

    [Fact]
    public void Added_tokens_of_the_folder_are_followed()
    {
        File.Copy(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"), _folder.File("spm.model"));
        File.WriteAllText(_folder.File("added_tokens.json"), """{ "[MASK]": 700 }""");

        var tokenizer = TextTokenizer.FromFolder(_folder.Path);

        Assert.Equal((700, 701), (tokenizer.MaskId, tokenizer.VocabularySize));
        Assert.Equal([1, 700, 2], tokenizer.Encode("[MASK]").Ids);
    }

    [Fact]
    public void A_broken_model_is_refused_by_name()
    {
        var good = File.ReadAllBytes(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"));
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var bytes = round % 2 == 0 ? good[..random.Next(good.Length)] : [.. good];
            for (var i = 0; round % 2 == 1 && i < 20; i++)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(_folder.File("spm.model"), bytes);
            try
            {
                // What still loads must still encode something.
                _ = TextTokenizer.FromFolder(_folder.Path).Encode("The ferry left at 7:45, ﬁnally.\u0001");
            }
            catch (CheckpointException exception)
            {
                Assert.Contains(_folder.File("spm.model"), exception.Message, StringComparison.Ordinal);
            }
        }
    }
}
