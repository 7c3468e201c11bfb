using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Encodings of the reference's fast RoBERTa tokenizer over a small vocabulary.</summary>
public sealed class ByteLevelBpeGoldenTests : IDisposable
{
    private static readonly string[] Files = ["bpe/roberta_cases.json", "more/roberta_modes.json"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int> Cases => TokenizerCase.Indices("cases", Files);

    public static TheoryData<string, int> PrefixSpaceCases => TokenizerCase.Indices("add_prefix_space_cases", Files);

    public static TheoryData<string, int> Batches => TokenizerCase.Indices("padded_batches", Files);

    private static Lazy<TextTokenizer> OfDefinition { get; } = new(() => TextTokenizer.FromFolder(TestMaterial.RequireGolden("tokenizers", "bpe")));

    public void Dispose() => _folder.Dispose();

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Encodes_like_the_reference(string file, int index)
    {
        var entry = TokenizerCase.Read(file).GetProperty("cases")[index];
        TokenizerCase.AssertEqual(OfDefinition.Value, entry, TokenizerCase.Encode(OfDefinition.Value, entry));
        var ofFiles = OfFiles("{}");
        TokenizerCase.AssertEqual(ofFiles, entry, TokenizerCase.Encode(ofFiles, entry));
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(PrefixSpaceCases))]
    public void Puts_a_space_before_the_text_when_told_to(string file, int index)
    {
        var entry = TokenizerCase.Read(file).GetProperty("add_prefix_space_cases")[index];
        var tokenizer = OfFiles("""{ "add_prefix_space": true }""");

        Assert.Equal(entry.GetProperty("input_ids").EnumerateArray().Select(id => id.GetInt32()), TokenizerCase.Encode(tokenizer, entry).Ids);
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Batches))]
    public void Pads_like_the_reference(string file, int index) => TokenizerCase.AssertBatchEqual(OfDefinition.Value, TokenizerCase.Read(file).GetProperty("padded_batches")[index]);

    // As older checkpoints are: vocab.json, merges.txt and a little tokenizer_config.json.
    private TextTokenizer OfFiles(string config)
    {
        foreach (var name in (string[])["vocab.json", "merges.txt"])
            File.Copy(TestMaterial.RequireGolden("tokenizers", "bpe", name), _folder.File(name), overwrite: true);
        File.WriteAllText(_folder.File("tokenizer_config.json"), config);
        return TextTokenizer.FromFolder(_folder.Path);
    }
}
