using System.Text;
using System.Text.Json;
using AdaLora.Internals;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Creates a byte-level BPE tokenizer from tokenizer.json, or from vocab.json and merges.txt where there is none.</summary>
internal static class ByteLevelBpeFolder
{
    /// <summary>The file that stands for the tokenizer where there is no tokenizer.json.</summary>
    public const string VocabularyFile = "vocab.json";

    private const string MergesFile = "merges.txt";

    /// <summary>Whether the files of such a tokenizer without tokenizer.json are there.</summary>
    public static bool HasFiles(TokenizerFolder folder) => folder.Has(VocabularyFile) && folder.Has(MergesFile);

    public static ByteLevelBpeTokenizer Create(TokenizerFolder folder, string source)
    {
        if (folder.Definition is { } defined)
            Check(defined, source);
        else
            folder.RequireClass("RobertaTokenizer", "BartTokenizer", "LongformerTokenizer");
        var tokens = VocabularyOf(folder.Definition is { } definition ? definition.Member("model")?.Member("vocab") : JsonFile.ReadIfThere(source), source);
        var merges = folder.Definition is { } withMerges ? MergesOf(withMerges, source) : ReadMerges(folder.File(MergesFile));
        var settings = Settings(folder);
        var vocabulary = new Vocabulary(tokens, AddedTokenReader.Read(folder, tokens, settings.SpecialTokens));
        return new ByteLevelBpeTokenizer(vocabulary, merges, settings, folder.Template(vocabulary, () => settings.Frame(vocabulary)));
    }

    private static ByteLevelBpeSettings Settings(TokenizerFolder folder)
    {
        var defaults = new ByteLevelBpeSettings();
        return new ByteLevelBpeSettings
        {
            AddPrefixSpace = folder.Flag("add_prefix_space") ?? folder.Definition?.Member("pre_tokenizer")?.Flag("add_prefix_space") ?? defaults.AddPrefixSpace,
            StartToken = folder.SpecialToken("cls_token") ?? folder.SpecialToken("bos_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? folder.SpecialToken("eos_token") ?? defaults.SeparatorToken,
            PadToken = folder.PadToken ?? defaults.PadToken,
            UnknownToken = folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    private static void Check(JsonElement definition, string source)
    {
        if (definition.Member("pre_tokenizer") is not { } splitter || splitter.Text("type") != "ByteLevel")
            throw new CheckpointException(source, $"uses the pre_tokenizer {definition.Member("pre_tokenizer")?.Text("type") ?? "none"}; BPE is supported only with ByteLevel.");
        splitter.RequireOnly(source, "pre_tokenizer", "type", "add_prefix_space", "trim_offsets", "use_regex");
        if (splitter.Flag("use_regex") == false)
            throw new CheckpointException(source, "sets 'use_regex' of its pre_tokenizer to false, which is not supported.");
        if (definition.Member("normalizer") is { } normalizer)
            throw new CheckpointException(source, $"uses the normalizer {normalizer.Text("type")}; byte-level BPE is supported only without one.");
        // If all bytes have tokens, nothing is unknown; a missing byte is skipped.
        definition.Member("model")?.RequireOnly(source, "model", "type", "vocab", "merges", "fuse_unk", "unk_token");
    }

    private static Dictionary<string, int> VocabularyOf(JsonElement? entries, string source)
    {
        if (entries is not { ValueKind: JsonValueKind.Object } table || !table.EnumerateObject().Any())
            throw new CheckpointException(source, "has no vocabulary.");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in table.EnumerateObject())
        {
            if (!entry.Value.TryReadInt32(out var id) || id < 0)
                throw new CheckpointException(source, $"gives the token '{entry.Name}' an id that is not a whole number.");
            vocabulary[entry.Name] = id;
        }

        return vocabulary;
    }

    // A merge is one string with a space in it or, in newer files, a list of two strings.
    private static List<string> MergesOf(JsonElement definition, string source) =>
        definition.Member("model")?.Member("merges") is { ValueKind: JsonValueKind.Array } merges
            ? [.. merges.EnumerateArray().Select(merge => merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!,
                JsonValueKind.Array when merge.GetArrayLength() == 2 => $"{merge[0].GetString()} {merge[1].GetString()}",
                _ => throw new CheckpointException(source, "has a merge that is not a pair of tokens."),
            })]
            : throw new CheckpointException(source, "has no merges.");

    // The first line is a comment on the version; later lines that begin with # are merges.
    private static List<string> ReadMerges(string file)
    {
        RegularFile.Require(file);
        var merges = File.ReadLines(file, Encoding.UTF8).Where((line, index) => line.Length > 0 && !(index == 0 && line.StartsWith("#version", StringComparison.Ordinal))).ToList();
        return merges.Find(line => line.Count(c => c == ' ') != 1) is { } bad ? throw new CheckpointException(file, $"has the line '{bad}', which is not a pair of tokens.") : merges;
    }
}
