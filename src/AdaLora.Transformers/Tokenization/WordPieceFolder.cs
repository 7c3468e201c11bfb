using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Creates a WordPiece tokenizer from tokenizer.json, or from vocab.txt where there is none; tokenizer_config.json overrides the flags of either.</summary>
internal static class WordPieceFolder
{
    /// <summary>The file that stands for the tokenizer where there is no tokenizer.json.</summary>
    public const string VocabularyFile = "vocab.txt";

    public static WordPieceTextTokenizer Create(TokenizerFolder folder, string source)
    {
        if (folder.Definition is { } defined)
            Check(defined, source);
        else
            folder.RequireClass("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "ConvBertTokenizer", "MobileBertTokenizer", "SqueezeBertTokenizer");
        var tokens = folder.Definition is { } definition ? VocabularyOf(definition, source) : WordPieceTextTokenizer.ReadVocabulary(source);
        var settings = Settings(folder);
        var vocabulary = new Vocabulary(tokens, AddedTokenReader.Read(folder, tokens, settings.SpecialTokens));
        return new WordPieceTextTokenizer(vocabulary, settings, folder.Template(vocabulary, () => settings.Frame(vocabulary)));
    }

    private static WordPieceSettings Settings(TokenizerFolder folder)
    {
        var defaults = new WordPieceSettings();
        var model = folder.Definition?.Member("model");
        var normalizer = folder.Definition?.Member("normalizer");
        return new WordPieceSettings
        {
            LowerCase = folder.Flag("do_lower_case") ?? normalizer?.Flag("lowercase") ?? defaults.LowerCase,
            StripAccents = folder.Flag("strip_accents") ?? normalizer?.Flag("strip_accents"),
            SeparateIdeographs = folder.Flag("tokenize_chinese_chars") ?? normalizer?.Flag("handle_chinese_chars") ?? defaults.SeparateIdeographs,
            CleanText = normalizer?.Flag("clean_text") ?? defaults.CleanText,
            MaxWordLength = model?.Member("max_input_chars_per_word") is { } limit ? limit.GetInt32() : defaults.MaxWordLength,
            ContinuationPrefix = model?.Text("continuing_subword_prefix") ?? defaults.ContinuationPrefix,
            UnknownToken = model?.Text("unk_token") ?? folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            PadToken = folder.PadToken ?? defaults.PadToken,
            StartToken = folder.SpecialToken("cls_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? defaults.SeparatorToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    private static void Check(JsonElement definition, string source)
    {
        if (definition.Member("normalizer") is not { } normalizer || normalizer.Text("type") != "BertNormalizer")
            throw new CheckpointException(source, $"uses the normalizer {definition.Member("normalizer")?.Text("type") ?? "none"}; WordPiece is supported only with BertNormalizer.");
        normalizer.RequireOnly(source, "normalizer", "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
        if (definition.Member("pre_tokenizer") is not { } splitter || splitter.Text("type") != "BertPreTokenizer")
            throw new CheckpointException(source, $"uses the pre_tokenizer {definition.Member("pre_tokenizer")?.Text("type") ?? "none"}; WordPiece is supported only with BertPreTokenizer.");
        splitter.RequireOnly(source, "pre_tokenizer", "type");
        if (definition.Member("model") is not { } model)
            return;
        model.RequireOnly(source, "model", "type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word");
        if (model.Member("max_input_chars_per_word") is { } limit && !limit.TryReadInt32(out _))
            throw new CheckpointException(source, $"has the max_input_chars_per_word {limit.GetRawText()}; it must be a whole number.");
    }

    private static Dictionary<string, int> VocabularyOf(JsonElement definition, string source)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        if (definition.Member("model")?.Member("vocab") is not { ValueKind: JsonValueKind.Object } entries)
            throw new CheckpointException(source, "has no vocabulary.");
        foreach (var entry in entries.EnumerateObject())
        {
            if (!entry.Value.TryReadInt32(out var id) || id < 0)
                throw new CheckpointException(source, $"gives the token '{entry.Name}' an id that is not a whole number.");
            vocabulary[entry.Name] = id;
        }
        return vocabulary;
    }
}
