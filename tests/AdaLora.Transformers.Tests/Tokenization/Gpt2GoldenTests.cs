using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>GPT-2's tokenizer, from vocab.json and merges.txt: nothing around the text, and one special token, which comes behind the vocabulary.</summary>
public sealed class Gpt2GoldenTests : IDisposable
{
    private const string File = "more/gpt2_cases.json";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int> Cases => SequenceCase.Indices("cases", File);

    public void Dispose() => _folder.Dispose();

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Cases))]
    public void Encodes_and_decodes_like_the_reference(string file, int index)
    {
        var entry = SequenceCase.Read(file).GetProperty("cases")[index];
        foreach (var name in (string[])["vocab.json", "merges.txt"])
            System.IO.File.Copy(SequenceCase.Require("bpe", name), _folder.File(name));
        _ = _folder.Write("tokenizer_config.json", """{ "tokenizer_class": "GPT2Tokenizer" }""");
        var tokenizer = TextTokenizer.FromFolder(_folder.Path);

        TokenizerCase.AssertEqual(tokenizer, entry, TokenizerCase.Encode(tokenizer, entry));
        Assert.Equal((800, 801), (tokenizer.PadId, tokenizer.VocabularySize));
        if (entry.TryGetProperty("decoded", out var decoded))
            Assert.Equal(decoded.GetString(), tokenizer.Decode(SequenceCase.Integers(entry.GetProperty("input_ids")), skipSpecialTokens: true));
    }
}
