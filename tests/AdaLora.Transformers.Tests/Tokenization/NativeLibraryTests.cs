using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Tokenizers.DotNet;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>The same ids as the reference's own library, in its packaging for .NET, on thousands of random texts.</summary>
public sealed class NativeLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static int Texts => int.TryParse(Environment.GetEnvironmentVariable("ADALORA_FUZZ"), out var count) ? count : 1000;

    public static TheoryData<string> Definitions =>
        ["gpt2_bytelevel", "llama2_bpe", "llama3_split", "qwen2_split", "t5_unigram", "wordpiece_added", "xlmr_unigram", "roberta", "all-MiniLM-L6-v2", "stories260K"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Definitions))]
    public void Encodes_and_decodes_like_the_library_of_the_reference(string name)
    {
        var path = PathOf(name);
        using var reference = Open(path);
        var tokenizer = TextTokenizer.FromFolder(Path.GetDirectoryName(path)!);
        var texts = new RandomTexts(seed: 7);

        for (var i = 0; i < Texts; i++)
        {
            var text = texts.Next();
            var expected = reference.Encode(text).Select(id => (int)id).ToArray();
            var actual = tokenizer.Encode(text).Ids;
            Assert.True(expected.SequenceEqual(actual), $"text {i}: {JsonValue.Create(text)!.ToJsonString()}\nexpected {Spell(tokenizer, expected)}\nactual   {Spell(tokenizer, actual)}");
            // That release decodes a normalised added token as it is written in the file; later ones, and the goldens, as it was found.
            if (name != "wordpiece_added")
                Assert.Equal(reference.Decode([.. expected.Select(id => (uint)id)]), tokenizer.Decode(expected, skipSpecialTokens: true));
        }
    }

    private static string Spell(TextTokenizer tokenizer, IEnumerable<int> ids) => string.Join(' ', ids.Select(id => tokenizer.GetToken(id) ?? $"<{id}>"));

    private static string PathOf(string name) => name switch
    {
        "roberta" => SequenceCase.Require("bpe", "tokenizer.json"),
        "all-MiniLM-L6-v2" or "stories260K" => TestMaterial.RequireShared("models", name, "tokenizer.json"),
        _ => SequenceCase.Require("sequence", name, "tokenizer.json"),
    };

    // Cutting and filling, which the file may ask for, are up to the caller here.
    private Tokenizer Open(string path)
    {
        var definition = JsonNode.Parse(File.ReadAllText(path))!;
        (definition["truncation"], definition["padding"]) = (null, null);
        try
        {
            return new Tokenizer(vocabPath: _folder.Write("tokenizer.json", definition.ToJsonString()));
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            Assert.Skip($"The native part of Tokenizers.DotNet is not there for this platform: {exception.Message}");
            throw;
        }
    }
}
