using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Encodings of the reference's fast WordPiece tokenizer over a published vocabulary.</summary>
public sealed class WordPieceGoldenTests
{
    private static readonly string[] Files = ["wordpiece.json", "more/wordpiece_modes.json", "more/wordpiece_cased.json"];

    private static readonly Lazy<TextTokenizer> Uncased = new(() => FromVocabulary(lowerCase: true));

    private static readonly Lazy<TextTokenizer> Cased = new(() => FromVocabulary(lowerCase: false));

    private static readonly Lazy<TextTokenizer> OfFolder = new(() => TextTokenizer.FromFolder(TestMaterial.RequireShared("models", "all-MiniLM-L6-v2")));

    public static TheoryData<string, int> Cases => TokenizerCase.Indices("cases", Files);

    public static TheoryData<string, int> Batches => TokenizerCase.Indices("padded_batches", Files);

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Encodes_like_the_reference(string file, int index)
    {
        var document = TokenizerCase.Read(file);
        var lowerCase = document.GetProperty("lower_case").GetBoolean();
        var entry = document.GetProperty("cases")[index];
        foreach (var tokenizer in lowerCase ? new[] { Uncased.Value, OfFolder.Value } : [Cased.Value])
            TokenizerCase.AssertEqual(tokenizer, entry, TokenizerCase.Encode(tokenizer, entry));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Batches))]
    public void Pads_like_the_reference(string file, int index) =>
        TokenizerCase.AssertBatchEqual(Uncased.Value, TokenizerCase.Read(file).GetProperty("padded_batches")[index]);

    private static TextTokenizer FromVocabulary(bool lowerCase) =>
        TextTokenizer.FromVocabulary(TestMaterial.RequireShared("models", "all-MiniLM-L6-v2", "vocab.txt"), new WordPieceSettings { LowerCase = lowerCase });
}
