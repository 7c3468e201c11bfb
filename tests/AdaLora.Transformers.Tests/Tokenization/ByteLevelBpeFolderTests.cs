using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

public sealed class ByteLevelBpeFolderTests : IDisposable
{
    private const string Vocabulary = """{ "<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "b": 6, "ab": 7, "Ġ": 8 }""";
    private const string Model = """ "model": { "type": "BPE", "vocab": { "<s>": 0, "<pad>": 1, "</s>": 2, "a": 5, "b": 6, "ab": 7 }, "merges": [["a", "b"]] }""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Old_files_are_enough()
    {
        Write("vocab.json", Vocabulary);
        Write("merges.txt", "#version: 0.2\na b\n");

        var tokenizer = TextTokenizer.FromFolder(_folder.Path);

        Assert.Equal([0, 7, 8, 5, 2], tokenizer.Encode("ab a").Ids);
        Assert.Equal([0, 5, 2, 2, 6, 2], tokenizer.Encode("a", "b").Ids);
        Assert.Equal([0, 5, 4, 2], tokenizer.Encode("a <mask>").Ids);
        Assert.Equal((1, 3, 4, 9), (tokenizer.PadId, tokenizer.UnknownId, tokenizer.MaskId, tokenizer.VocabularySize));
        Assert.Equal(("ab", 7), (tokenizer.GetToken(7), tokenizer.GetId("ab")));
    }

    public static TheoryData<string, string, string> Broken => new()
    {
        { "vocab.json", "[]", "not a JSON object" },
        { "vocab.json", "{}", "vocabulary" },
        { "vocab.json", """{ "a": -1 }""", "'a'" },
        { "vocab.json", """{ "a": "b" }""", "'a'" },
        { "vocab.json", """{ "a": 0 }""", "'<s>'" },
        { "vocab.json", "{", "vocab.json" },
        { "merges.txt", "#version: 0.2\nab\n", "'ab'" },
        { "merges.txt", "a b c", "'a b c'" },
        { "merges.txt", "x y", "vocab.json" },
        { "tokenizer.json", """{ "model": { "type": "Unigram" } }""", "Unigram" },
        { "tokenizer.json", Changed("\"dropout\": 0.1"), "dropout" },
        { "tokenizer.json", Changed("\"unheard_of\": 1"), "unheard_of" },
        { "tokenizer.json", Changed("\"unk_token\": \"<none>\""), "<none>" },
        { "tokenizer_config.json", """{ "tokenizer_class": "CLIPTokenizer" }""", "CLIPTokenizer" },
        { "tokenizer.json", $$"""{ {{Model}}, "pre_tokenizer": { "type": "ByteLevel" }, "normalizer": { "type": "ByteLevel" } }""", "normalizer ByteLevel" },
        { "tokenizer.json", $$"""{ {{Model}}, "pre_tokenizer": { "type": "ByteLevel" }, "post_processor": { "type": "RobertaProcessing", "cls": 3 } }""", "'cls'" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Files_that_cannot_be_used_are_refused_by_name(string file, string content, string named)
    {
        Write("vocab.json", Vocabulary);
        Write("merges.txt", "a b");
        Write(file, content);

        var error = Assert.Throws<CheckpointException>(() => TextTokenizer.FromFolder(_folder.Path));

        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_change_nothing_are_accepted()
    {
        Write("tokenizer.json", Changed("\"ignore_merges\": false, \"dropout\": null, \"end_of_word_suffix\": \"\", \"continuing_subword_prefix\": null, \"byte_fallback\": false, \"fuse_unk\": false, \"unk_token\": null"));
        Assert.Equal([7], TextTokenizer.FromFolder(_folder.Path).Encode("ab").Ids);
    }

    [Fact]
    public void Bytes_that_the_vocabulary_lacks_are_left_out()
    {
        Write("tokenizer.json", Changed("\"unk_token\": null"));
        Assert.Equal([7], TextTokenizer.FromFolder(_folder.Path).Encode("acb").Ids);
    }

    private static string Changed(string members) =>
        $$"""{ "model": { "type": "BPE", {{members}}, "vocab": { "<s>": 0, "<pad>": 1, "</s>": 2, "a": 5, "b": 6, "ab": 7 }, "merges": [["a", "b"]] }, "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false } }""";

    private void Write(string name, string content) => File.WriteAllText(_folder.File(name), content);
}
