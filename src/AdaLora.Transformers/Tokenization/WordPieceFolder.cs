using System.Text.Json;
using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Makes a WordPiece tokenizer from tokenizer.json, or from vocab.txt where there is none; tokenizer_config.json overrides the flags of either.</summary>
internal static class WordPieceFolder
{
    public static WordPieceTextTokenizer Create(TokenizerFolder folder, string source)
    {
        var vocabulary = folder.Definition is { } definition ? VocabularyOf(definition, source) : WordPieceTextTokenizer.ReadVocabulary(source);
        return new WordPieceTextTokenizer(vocabulary, Settings(folder, source), folder.AddedTokens());
    }

    private static WordPieceSettings Settings(TokenizerFolder folder, string source)
    {
        var defaults = new WordPieceSettings();
        var model = folder.Definition?.Member("model");
        var normalizer = folder.Definition is { } definition ? Normalizer(definition, source) : default;
        return new WordPieceSettings
        {
            LowerCase = folder.Flag("do_lower_case") ?? normalizer.Flag("lowercase") ?? defaults.LowerCase,
            StripAccents = folder.Flag("strip_accents") ?? normalizer.Flag("strip_accents"),
            SeparateIdeographs = folder.Flag("tokenize_chinese_chars") ?? normalizer.Flag("handle_chinese_chars") ?? defaults.SeparateIdeographs,
            CleanText = normalizer.Flag("clean_text") ?? defaults.CleanText,
            MaxWordLength = model?.Member("max_input_chars_per_word")?.GetInt32() ?? defaults.MaxWordLength,
            ContinuationPrefix = model?.Text("continuing_subword_prefix") ?? defaults.ContinuationPrefix,
            UnknownToken = model?.Text("unk_token") ?? folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            PadToken = folder.SpecialToken("pad_token") ?? defaults.PadToken,
            StartToken = folder.SpecialToken("cls_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? defaults.SeparatorToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    private static JsonElement Normalizer(JsonElement definition, string source) =>
        definition.Member("normalizer") is { } normalizer && normalizer.Text("type") == "BertNormalizer"
            ? normalizer
            : throw new CheckpointException(source, $"asks for the normalizer {definition.Member("normalizer")?.Text("type") ?? "none"}; WordPiece is supported with BertNormalizer.");

    private static Dictionary<string, int> VocabularyOf(JsonElement definition, string source)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        if (definition.Member("model")?.Member("vocab") is not { ValueKind: JsonValueKind.Object } entries)
            throw new CheckpointException(source, "has no vocabulary.");
        foreach (var entry in entries.EnumerateObject())
        {
            if (!entry.Value.TryGetInt32(out var id) || id < 0)
                throw new CheckpointException(source, $"gives the token '{entry.Name}' an id that is no whole number.");
            vocabulary[entry.Name] = id;
        }
        return vocabulary;
    }
}
