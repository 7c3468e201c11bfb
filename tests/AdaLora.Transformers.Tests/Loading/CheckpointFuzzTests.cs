using AdaLora.Safetensors;
using AdaLora.TestSupport;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Generation;
using AdaLora.Transformers.Tests.Families;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Loading;

/// <summary>Checkpoint folders in which one file is damaged.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bert", "config.json")]
    [InlineData("bert", "model.safetensors")]
    [InlineData("deberta_v3", "config.json")]
    [InlineData("distilbert", "config.json")]
    [InlineData("variants/sharded", "model.safetensors.index.json")]
    public void A_model(string checkpoint, string file)
    {
        Copy(TestMaterial.RequireGolden(["models", .. checkpoint.Split('/')]));
        Fuzz(file, () => AutoModel.Encoder(_folder.Path).Dispose(), exception => exception is CheckpointException or SafetensorsException);
    }

    /// <summary>What is read is also used: a setting that is wrong must show when the file is read, or when text is to be generated.</summary>
    [Theory]
    [InlineData("llama", "config.json")]
    [InlineData("phi3", "config.json")]
    [InlineData("gemma3_text", "config.json")]
    [InlineData("qwen2", "generation_config.json")]
    public void A_language_model(string family, string file)
    {
        using (var model = SmallDecoder.Make(family))
        {
            model.Generation = new GenerationOptions
            {
                MaxNewTokens = 3,
                Samples = true,
                TopK = 5,
                TopP = 0.9,
                MinP = 0.01,
                TypicalP = 0.95,
                Temperature = 0.7,
                RepetitionPenalty = 1.2,
                Beams = 2,
                Returned = 2,
                ForcedEndId = 2,
                EndIds = [2, 3],
                EarlyStopping = EarlyStopping.WhenNoneCanWin,
            };
            model.SaveCheckpoint(_folder.Path);
        }

        Fuzz(
            file,
            () =>
            {
                using var model = AutoModel.CausalLM(_folder.Path);
                // As damage may ask for any number of tokens and beams.
                var options = model.Generation with { MaxNewTokens = 3, Beams = Math.Min(model.Generation.Beams, 4), Returned = Math.Min(model.Generation.Returned, 4) };
                _ = new TextGenerator(model, options).Generate([[1, 4, 5], [6]]);
            },
            exception => exception is CheckpointException or SafetensorsException || (exception is ArgumentException && file == GenerationConfigFile.Name));
    }

    [Theory]
    [InlineData("vocab.txt")]
    [InlineData("tokenizer_config.json")]
    [InlineData("special_tokens_map.json")]
    public void A_WordPiece_tokenizer(string file)
    {
        File.WriteAllLines(_folder.File("vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b", "word", "é", "\u4e2d"]);
        File.WriteAllText(_folder.File("tokenizer_config.json"), """
            { "do_lower_case": true, "cls_token": "[CLS]", "unk_token": { "content": "[UNK]" }, "tokenizer_class": "BertTokenizer", "padding_side": "left",
              "added_tokens_decoder": { "10": { "content": "new", "normalized": true, "special": false } }, "additional_special_tokens": ["<x>"], "model_input_names": ["input_ids"] }
            """);
        File.WriteAllText(_folder.File("special_tokens_map.json"), """{ "pad_token": "[PAD]", "mask_token": { "content": "[MASK]", "lstrip": false } }""");
        FuzzTokenizer(file);
    }

    [Fact]
    public void The_definition_of_a_WordPiece_tokenizer()
    {
        File.WriteAllText(_folder.File("tokenizer.json"), """
            { "added_tokens": [{ "id": 0, "content": "[PAD]" }, { "id": 5, "content": "<extra>", "lstrip": true }],
              "normalizer": { "type": "BertNormalizer", "lowercase": true, "strip_accents": null, "clean_text": true, "handle_chinese_chars": true },
              "pre_tokenizer": { "type": "BertPreTokenizer" },
              "post_processor": { "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
                "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[CLS]", "type_id": 1 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
                "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] } } },
              "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                "vocab": { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "word": 6, "##b": 7 } } }
            """);
        FuzzTokenizer("tokenizer.json");
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void A_byte_level_tokenizer(string file)
    {
        var source = Directory.GetDirectories(TestMaterial.RequireGolden("tokenizers", "bpe"), "*", SearchOption.AllDirectories)
            .Prepend(TestMaterial.RequireGolden("tokenizers", "bpe"))
            .First(folder => File.Exists(Path.Combine(folder, "merges.txt")));
        Copy(source);
        // It would be read instead of the others.
        if (file != "tokenizer.json")
            File.Delete(_folder.File("tokenizer.json"));
        FuzzTokenizer(file);
    }

    [Fact]
    public void A_SentencePiece_tokenizer()
    {
        File.Copy(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"), _folder.File("spm.model"));
        FuzzTokenizer("spm.model");
    }

    [Theory]
    [InlineData("llama2_bpe")]
    [InlineData("llama3_split")]
    [InlineData("xlmr_unigram")]
    [InlineData("wordpiece_added")]
    public void The_definition_of_another_tokenizer(string name)
    {
        Copy(TestMaterial.RequireGolden("tokenizers", "sequence", name));
        FuzzTokenizer("tokenizer.json");
    }

    /// <summary>Small enough that most damage is to the names and values of settings.</summary>
    [Fact]
    public void The_settings_of_a_definition()
    {
        _ = _folder.Write("tokenizer.json", """
            { "added_tokens": [{ "id": 0, "content": "<unk>" }, { "id": 9, "content": "<x>", "normalized": true, "single_word": true, "rstrip": true }],
              "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Nmt" }, { "type": "NFKC" }, { "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": " " }, { "type": "StripAccents" },
                { "type": "Prepend", "prepend": "▁" }, { "type": "Strip", "strip_left": true, "strip_right": true }, { "type": "Lowercase" }] },
              "pre_tokenizer": { "type": "Sequence", "pretokenizers": [{ "type": "Split", "pattern": { "Regex": "(?i:'s)|[^\\r\\n\\p{L}]?\\p{L}+|\\s+(?!\\S)" }, "behavior": "MergedWithNext", "invert": false },
                { "type": "Digits", "individual_digits": true }, { "type": "Punctuation" }, { "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first" }] },
              "post_processor": { "type": "Sequence", "processors": [{ "type": "ByteLevel", "trim_offsets": true }, { "type": "RobertaProcessing", "sep": ["b", 4], "cls": ["a", 3] }] },
              "decoder": { "type": "Sequence", "decoders": [{ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" },
                { "type": "Strip", "content": " ", "start": 1, "stop": 0 }, { "type": "BPEDecoder", "suffix": "" }, { "type": "WordPiece", "prefix": "##", "cleanup": true }] },
              "model": { "type": "Unigram", "unk_id": 0, "byte_fallback": true, "vocab": [["<unk>", 0.0], ["▁", -2.5], ["▁a", -1], ["a", -3], ["b", -3.5], ["<0xC3>", -9]] } }
            """);
        FuzzTokenizer("tokenizer.json");
    }

    [Fact]
    public void A_SentencePiece_tokenizer_of_fairseq()
    {
        File.Copy(TestMaterial.RequireGolden("tokenizers", "spm", "spm.model"), _folder.File("sentencepiece.bpe.model"));
        FuzzTokenizer("sentencepiece.bpe.model");
    }

    private void FuzzTokenizer(string file) => Fuzz(
        file,
        () =>
        {
            var tokenizer = TextTokenizer.FromFolder(_folder.Path);
            _ = tokenizer.Encode("a word, ab \u4e2d \ud83c\udf75 \ud83c <extra>", "Zwei Wörter", 12);
            _ = tokenizer.Decode(tokenizer.EncodeAligned("A\u0301 <x> 12\t's", options: new EncodingOptions { MaxLength = 9 }).Windows.SelectMany(window => window.Ids));
        },
        exception => exception is CheckpointException);

    private void Fuzz(string file, Action read, Func<Exception, bool> isDocumented)
    {
        var path = _folder.File(file);
        Fuzzing.Run(
            [File.ReadAllBytes(path)],
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                read();
            },
            isDocumented);
    }

    private void Copy(string folder)
    {
        foreach (var file in Directory.GetFiles(folder))
            File.Copy(file, _folder.File(Path.GetFileName(file)));
    }
}
