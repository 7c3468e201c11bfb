using System.Text;
using System.Text.Json;
using AdaLora.Transformers.Checkpoints;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Makes a byte-level BPE tokenizer from tokenizer.json, or from vocab.json and merges.txt where there is none.</summary>
internal static class ByteLevelBpeFolder
{
    /// <summary>The file that stands for the tokenizer where there is no tokenizer.json.</summary>
    public const string VocabularyFile = "vocab.json";

    private const string MergesFile = "merges.txt";

    /// <summary>Whether the files of such a tokenizer without tokenizer.json are there.</summary>
    public static bool HasFiles(TokenizerFolder folder) => folder.Has(VocabularyFile) && folder.Has(MergesFile);

    public static ByteLevelBpeTokenizer Create(TokenizerFolder folder, string source) =>
        folder.Definition is { } definition
            ? new ByteLevelBpeTokenizer(VocabularyOf(definition.Member("model")?.Member("vocab"), source), MergesOf(definition, source), Settings(folder, definition, source), folder.AddedTokens())
            : new ByteLevelBpeTokenizer(VocabularyOf(JsonFile.ReadIfThere(source), source), ReadMerges(folder.File(MergesFile)), Settings(folder));

    private static ByteLevelBpeSettings Settings(TokenizerFolder folder)
    {
        var defaults = new ByteLevelBpeSettings();
        return new ByteLevelBpeSettings
        {
            AddPrefixSpace = folder.Flag("add_prefix_space") ?? defaults.AddPrefixSpace,
            StartToken = folder.SpecialToken("cls_token") ?? folder.SpecialToken("bos_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? folder.SpecialToken("eos_token") ?? defaults.SeparatorToken,
            PadToken = folder.SpecialToken("pad_token") ?? defaults.PadToken,
            UnknownToken = folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    private static ByteLevelBpeSettings Settings(TokenizerFolder folder, JsonElement definition, string source)
    {
        var splitter = definition.Member("pre_tokenizer");
        var frame = definition.Member("post_processor");
        if (splitter?.Text("type") != "ByteLevel" || splitter.Value.Flag("use_regex") == false)
            throw new CheckpointException(source, $"cuts words with {splitter?.Text("type") ?? "nothing"}; BPE is supported with ByteLevel.");
        if (definition.Member("normalizer") is { ValueKind: not JsonValueKind.Null } normalizer)
            throw new CheckpointException(source, $"asks for the normalizer {normalizer.Text("type")}; byte-level BPE is supported without one.");
        if (frame?.Text("type") != "RobertaProcessing")
            throw new CheckpointException(source, $"puts texts together with {frame?.Text("type") ?? "nothing"}; byte-level BPE is supported with RobertaProcessing.");
        return Settings(folder) with
        {
            AddPrefixSpace = splitter.Value.Flag("add_prefix_space") ?? false,
            StartToken = FrameToken(frame.Value, "cls", source),
            SeparatorToken = FrameToken(frame.Value, "sep", source),
        };
    }

    private static string FrameToken(JsonElement frame, string name, string source) =>
        frame.Member(name) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 && pair[0].ValueKind == JsonValueKind.String
            ? pair[0].GetString()!
            : throw new CheckpointException(source, $"does not say which token '{name}' is.");

    private static Dictionary<string, int> VocabularyOf(JsonElement? entries, string source)
    {
        if (entries is not { ValueKind: JsonValueKind.Object } table || !table.EnumerateObject().Any())
            throw new CheckpointException(source, "has no vocabulary.");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in table.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0)
                throw new CheckpointException(source, $"gives the token '{entry.Name}' an id that is no whole number.");
            vocabulary[entry.Name] = id;
        }

        return vocabulary;
    }

    // A merge is one text with a space in it, or in newer files a list of two texts.
    private static List<string> MergesOf(JsonElement definition, string source) =>
        definition.Member("model")?.Member("merges") is { ValueKind: JsonValueKind.Array } merges
            ? [.. merges.EnumerateArray().Select(merge => merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!,
                JsonValueKind.Array when merge.GetArrayLength() == 2 => $"{merge[0].GetString()} {merge[1].GetString()}",
                _ => throw new CheckpointException(source, "has a merge that is no pair of tokens."),
            })]
            : throw new CheckpointException(source, "has no merges.");

    // The first line is a remark on the version; later lines that begin with # are merges.
    private static List<string> ReadMerges(string file)
    {
        var merges = File.ReadLines(file, Encoding.UTF8).Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal))).ToList();
        return merges.Find(line => line.Count(c => c == ' ') != 1) is { } bad ? throw new CheckpointException(file, $"has the line '{bad}', which is no pair of tokens.") : merges;
    }
}
