using System.Text.Json.Nodes;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>What tokenizer.json and tokenizer_config.json say is followed, with the ids of the library tokenizers 0.23, or refused by name.</summary>
public sealed class DefinitionTests : IDisposable
{
    private readonly WordPieceFiles _files = new();

    public static TheoryData<string, int[], int[], int[]> Frames => new()
    {
        { "null", [5, 7, 43, 9], [7, 8], [0, 1] },
        { """{ "type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": true, "add_prefix_space": false }""", [2, 5, 7, 43, 9, 3], [2, 7, 3, 3, 8, 3], [0, 0, 0, 0, 0, 0] },
        { """{ "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] }""", [2, 5, 7, 43, 9, 3], [2, 7, 3, 8, 3], [0, 0, 0, 1, 1] },
        { """{ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true }""", [5, 7, 43, 9], [7, 8], [0, 1] },
        {
            """
            { "type": "TemplateProcessing", "single": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
              "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 0 } }],
              "special_tokens": { "[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] } } }
            """,
            [5, 7, 43, 9, 3], [7, 3, 8], [0, 0, 0]
        },
        { $$"""{ "type": "Sequence", "processors": [{ "type": "ByteLevel", "trim_offsets": true }, {{WordPieceFiles.BertFrame.ToJsonString()}}] }""", [2, 5, 7, 43, 9, 3], [2, 7, 3, 8, 3], [0, 0, 0, 1, 1] },
    };

    public static TheoryData<string, string, string> Refused => new()
    {
        { "pre_tokenizer", """{ "type": "UnicodeScripts" }""", "pre_tokenizer UnicodeScripts" },
        { "pre_tokenizer", """{ "type": "Sequence", "pretokenizers": [{ "type": "BertPreTokenizer" }, { "type": "FixedLength", "length": 5 }] }""", "pre_tokenizer FixedLength" },
        { "pre_tokenizer", """{ "type": "Sequence" }""", "pretokenizers" },
        { "pre_tokenizer", "[]", "pre_tokenizer" },
        { "pre_tokenizer", """{ "type": "BertPreTokenizer", "more": 1 }""", "'more' of its pre_tokenizer BertPreTokenizer" },
        { "pre_tokenizer", """{ "type": "Metaspace", "replacement": "_ _" }""", "'_ _'" },
        { "pre_tokenizer", """{ "type": "Metaspace", "prepend_scheme": "last" }""", "'last'" },
        { "pre_tokenizer", """{ "type": "Metaspace", "prepend_scheme": "always", "add_prefix_space": false }""", "add_prefix_space" },
        { "pre_tokenizer", """{ "type": "Punctuation", "behavior": "Doubled" }""", "'Doubled'" },
        { "pre_tokenizer", """{ "type": "CharDelimiterSplit", "delimiter": "ab" }""", "CharDelimiterSplit" },
        { "pre_tokenizer", """{ "type": "Split", "pattern": {}, "behavior": "Isolated" }""", "no pattern" },
        { "pre_tokenizer", """{ "type": "Split", "pattern": { "Regex": "\\p{Han}+" }, "behavior": "Isolated" }""", "\\p{Han}" },
        { "pre_tokenizer", """{ "type": "Split", "pattern": { "Regex": "(a" }, "behavior": "Isolated" }""", "(a" },
        { "pre_tokenizer", """{ "type": "Split", "pattern": { "Regex": "[a&&b]" }, "behavior": "Isolated" }""", "&&" },
        { "normalizer", """{ "type": "Unheard" }""", "normalizer Unheard" },
        { "normalizer", """{ "type": "Sequence", "normalizers": [{ "type": "Lowercase" }, { "kind": "x" }] }""", "normalizer without a type" },
        { "normalizer", """{ "type": "Precompiled", "precompiled_charsmap": "???" }""", "precompiled_charsmap" },
        { "normalizer", """{ "type": "Precompiled", "precompiled_charsmap": "AAAA" }""", "table of normalisations" },
        { "normalizer", """{ "type": "Prepend" }""", "Prepend" },
        { "decoder", """{ "type": "CTC" }""", "decoder CTC" },
        { "decoder", """{ "type": "Strip", "content": " ", "start": -1 }""", "start" },
        { "model", """{ "type": "Unigram", "vocab": [["a", "b"]] }""", "piece" },
        { "model", """{ "type": "Unigram", "unk_id": 9, "vocab": [["a", 0.5]] }""", "unk_id" },
        { "model", """{ "type": "Unigram", "vocab": [["a", 0.5]] }""", "without unk_id" },
        { "model", """{ "vocab": {} }""", "without a type" },
        { "model", "null", "no model" },
        { "more", """{ "type": "x" }""", "'more' of its top level" },
        { "post_processor", """{ "type": "Sequence", "processors": [{ "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] }, { "type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] }] }""", "Sequence" },
        { "post_processor", """{ "type": "Something" }""", "Something" },
        { "post_processor", """{ "type": "BertProcessing", "sep": ["[SEP]", 9], "cls": ["[CLS]", 2] }""", "[SEP]" },
        { "post_processor", """{ "type": "TemplateProcessing", "single": [{ "Sequence": { "id": "B", "type_id": 0 } }], "pair": [], "special_tokens": {} }""", "single" },
        { "post_processor", """{ "type": "TemplateProcessing", "single": [{ "Sequence": { "id": "A", "type_id": 0 } }], "pair": [{ "Sequence": { "id": "B", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 1 } }], "special_tokens": {} }""", "pair" },
        { "post_processor", """{ "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "[X]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }], "pair": [], "special_tokens": {} }""", "[X]" },
    };

    public static TheoryData<string, string> RefusedSettings => new()
    {
        { """ "split_special_tokens": 3 """, "split_special_tokens" },
        { """ "padding_side": "middle" """, "padding_side" },
        { """ "truncation_side": 3 """, "truncation_side" },
    };

    public void Dispose() => _files.Dispose();

    [Theory]
    [MemberData(nameof(Frames))]
    public void Texts_are_put_together_as_the_post_processor_says(string frame, int[] single, int[] pair, int[] types)
    {
        var tokenizer = _files.FromDefinition(definition => definition["post_processor"] = JsonNode.Parse(frame));
        Assert.Equal(single, tokenizer.Encode("The cat-sat").Ids);
        Assert.Equal(pair, tokenizer.Encode("cat", "dog").Ids);
        Assert.Equal(types, tokenizer.Encode("cat", "dog").TypeIds);
        Assert.Equal(single, tokenizer.Encode("The cat-sat", maxLength: single.Length).Ids);
        Assert.Equal(pair.Length - 1, tokenizer.Encode("cat", "dog", maxLength: pair.Length - 1).Length);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_is_not_known_is_refused_by_name(string section, string content, string named)
    {
        var error = Assert.Throws<CheckpointException>(() => _files.FromDefinition(definition => definition[section] = JsonNode.Parse(content)));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cache_capacity", "7", "cache_capacity")]
    [InlineData("max_input_chars_per_word", "\"x\"", "max_input_chars_per_word")]
    public void Settings_of_the_model_that_are_not_known_are_refused(string name, string value, string named)
    {
        var error = Assert.Throws<CheckpointException>(() => _files.FromDefinition(definition => definition["model"]![name] = JsonNode.Parse(value)));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(RefusedSettings))]
    public void Settings_that_are_not_known_are_refused_by_name(string config, string named)
    {
        Assert.Contains(named, Assert.Throws<CheckpointException>(() => _files.FromDefinition(_ => { }, config)).Message, StringComparison.Ordinal);
        Assert.Contains(named, Assert.Throws<CheckpointException>(() => _files.FromVocabulary(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("BertJapaneseTokenizer")]
    [InlineData("MPNetTokenizer")]
    public void A_vocabulary_of_another_tokenizer_is_refused(string kind)
    {
        Assert.Contains(kind, Assert.Throws<CheckpointException>(() => _files.FromVocabulary($""" "tokenizer_class": "{kind}" """)).Message, StringComparison.Ordinal);
        Assert.Equal([2, 7, 3], _files.FromDefinition(_ => { }, $""" "tokenizer_class": "{kind}" """).Encode("cat").Ids);
    }

    [Theory]
    [InlineData(""" "truncation_side": "left" """, "null")]
    [InlineData(null, """{ "direction": "Left", "max_length": 512, "strategy": "LongestFirst", "stride": 0 }""")]
    public void Texts_are_cut_on_the_side_that_the_files_say(string? config, string truncation)
    {
        var tokenizer = _files.FromDefinition(definition => definition["truncation"] = JsonNode.Parse(truncation), config);
        Assert.Equal([2, 7, 43, 9, 3], tokenizer.Encode("The cat-sat", maxLength: 5).Ids);
        Assert.Equal([2, 7, 3, 95, 3], tokenizer.Encode("The cat", "dog a b", maxLength: 5).Ids);
        Assert.Equal([2, 5, 7, 3, 95, 3], tokenizer.Encode("The cat", "dog a b", maxLength: 6, truncation: TruncationStrategy.OnlySecond).Ids);
    }

    [Theory]
    [InlineData(""" "padding_side": "left" """, "null")]
    [InlineData(null, """{ "direction": "Left", "strategy": "BatchLongest", "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]" }""")]
    public void Rows_are_filled_on_the_side_that_the_files_say(string? config, string padding)
    {
        var batch = _files.FromDefinition(definition => definition["padding"] = JsonNode.Parse(padding), config).EncodeBatch(["The cat sat on", "cat"]);
        Assert.Equal([2L, 5, 7, 9, 11, 3, 0, 0, 0, 2, 7, 3], batch.Ids);
        Assert.Equal([1L, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1], batch.AttentionMask);
    }

    [Fact]
    public void Type_ids_that_the_model_is_not_given_are_0() =>
        Assert.Equal([0, 0, 0, 0, 0], _files.FromDefinition(_ => { }, """ "model_input_names": ["input_ids", "attention_mask"] """).Encode("cat", "dog").TypeIds);

    [Theory]
    [InlineData(""" "tokenizer_class": "LlamaTokenizerFast", "add_bos_token": true, "add_eos_token": true """, new[] { 2, 7, 3, 2, 8, 3 })]
    [InlineData(""" "tokenizer_class": "LlamaTokenizer", "add_bos_token": false """, new[] { 7, 8 })]
    [InlineData(""" "tokenizer_class": "LlamaTokenizer", "add_eos_token": true, "add_bos_token": false """, new[] { 7, 3, 8, 3 })]
    [InlineData(""" "tokenizer_class": "LlamaTokenizer" """, new[] { 2, 7, 3, 8, 3 })]
    [InlineData(""" "add_eos_token": true """, new[] { 2, 7, 3, 8, 3 })]
    public void Llama_is_framed_as_its_settings_say(string config, int[] ids) =>
        Assert.Equal(ids, _files.FromDefinition(_ => { }, $""" "bos_token": "[CLS]", "eos_token": "[SEP]", {config} """).Encode("cat", "dog").Ids);

    [Fact]
    public void An_expression_within_too_many_groups_is_refused()
    {
        var nested = new string('(', 100_000) + new string(')', 100_000);
        var split = JsonNode.Parse($$"""{ "type": "Split", "pattern": { "Regex": "{{nested}}" }, "behavior": "Isolated" }""");
        Assert.Contains("within each other", Assert.Throws<CheckpointException>(() => _files.FromDefinition(definition => definition["pre_tokenizer"] = split)).Message, StringComparison.Ordinal);
    }
}
