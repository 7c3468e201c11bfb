using System.Text.Json.Nodes;
using AdaLora.Internals;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using AdaLora.Transformers.Tokenization.Files;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>What other files next to spm.model say is followed or refused by name.</summary>
public sealed class SentencePieceFlagsTests : IDisposable
{
    private const string Text = "THE CAT, SAT.";
    private static readonly int[] Plain = [1, 32, 290, 162, 56, 156, 78, 12, 2];
    private static readonly int[] Lower = [1, 5, 135, 28, 56, 33, 6, 12, 2];

    private readonly TemporaryFolder _folder = new();

    public SentencePieceFlagsTests() => File.Copy(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"), _folder.File("spm.model"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Letters_are_lowered_if_the_settings_say_so()
    {
        Assert.Equal(Plain, Open().Encode(Text).Ids);
        _ = _folder.Write("tokenizer_config.json", """{ "do_lower_case": true }""");
        Assert.Equal(Lower, Open().Encode(Text).Ids);
    }

    [Theory]
    [InlineData("""{ "split_by_punct": true }""", "split_by_punct")]
    [InlineData("""{ "sp_model_kwargs": { "enable_sampling": true } }""", "sp_model_kwargs")]
    [InlineData("""{ "tokenizer_class": "AlbertTokenizer" }""", "AlbertTokenizer")]
    public void Settings_that_are_not_known_are_refused(string config, string named)
    {
        _ = _folder.Write("tokenizer_config.json", config);
        Assert.Contains(named, Assert.Throws<CheckpointException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_json_that_says_the_same_changes_nothing()
    {
        Define(_ => { });
        Assert.Equal(Plain, Open().Encode(Text).Ids);
        Assert.Equal(600, Open().MaskId);
    }

    [Fact]
    public void A_tokenizer_json_that_lowers_letters_or_frames_otherwise_is_followed()
    {
        Define(definition => definition["normalizer"]!["normalizers"]!.AsArray().Insert(0, JsonNode.Parse("""{ "type": "Lowercase" }""")));
        Assert.Equal(Lower, Open().Encode(Text).Ids);
        Define(definition => definition["post_processor"] = null);
        Assert.Equal(Plain[1..^1], Open().Encode(Text).Ids);
    }

    [Fact]
    public void Normalized_tokens_are_found_in_lowered_text()
    {
        Define(definition =>
        {
            definition["normalizer"]!["normalizers"]!.AsArray().Insert(0, JsonNode.Parse("""{ "type": "Lowercase" }"""));
            definition["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{ "id": 601, "content": "NewCorp", "normalized": true, "special": false }"""));
        });
        Assert.Equal([601], Open().EncodePlain("NEWCORP"));
        Assert.Equal([.. Lower[1..^1], 601], Open().EncodePlain(Text + "newcorp"));
    }

    [Fact]
    public void A_tokenizer_json_that_says_something_else_is_what_counts()
    {
        Define(definition => definition["normalizer"] = JsonNode.Parse("""{ "type": "Replace", "pattern": { "String": "CAT" }, "content": "DOG" }"""));
        Assert.Equal(Open().Encode("THE DOG, SAT.").Ids, Open().Encode(Text).Ids);
        Define(definition => definition["pre_tokenizer"] = JsonNode.Parse("""{ "type": "Metaspace", "prepend_scheme": "never" }"""));
        Assert.NotEqual(Plain, Open().Encode(Text).Ids);
    }

    private void Define(Action<JsonObject> change)
    {
        var pieces = TokenizerCase.Read("spm/pieces.json").EnumerateArray().Select(piece => new JsonArray(piece[0].GetString(), piece[1].GetDouble()));
        var table = Convert.ToBase64String(SentencePieceModelFile.Read(_folder.File("spm.model")).TableBytes.Span);
        var definition = JsonNode.Parse($$"""
            { "added_tokens": [{ "id": 600, "content": "[MASK]", "lstrip": true, "normalized": false, "special": true }],
              "normalizer": { "type": "Sequence", "normalizers": [
                { "type": "Strip", "strip_left": true, "strip_right": true },
                { "type": "Precompiled", "precompiled_charsmap": "{{table}}" },
                { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }] },
              "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true }] },
              "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1] },
              "model": { "type": "Unigram", "unk_id": 3, "byte_fallback": false } }
            """)!.AsObject();
        definition["model"]!["vocab"] = new JsonArray([.. pieces]);
        change(definition);
        _ = _folder.Write("tokenizer.json", definition.ToJsonString());
    }

    private TextTokenizer Open() => TextTokenizer.FromFolder(_folder.Path);
}
