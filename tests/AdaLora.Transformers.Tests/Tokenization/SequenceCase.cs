using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Reference encodings with places, windows and decoded texts. The collection is large, so most of it is read from the shared material.</summary>
internal static class SequenceCase
{
    private static readonly Dictionary<string, JsonElement> Files = [];
    private static readonly Dictionary<string, TextTokenizer> Tokenizers = [];

    /// <summary>The path of a file of the collection; it may be absent. The repository has a part of it, which is used where all of it is not there.</summary>
    public static string Find(params string[] parts)
    {
        var shared = Path.Combine([TestMaterial.SharedRoot, "goldens", "tokenizers", .. parts]);
        return Environment.GetEnvironmentVariable("ADALORA_GOLDENS") is not { Length: > 0 } && Path.Exists(shared) ? shared : TestMaterial.Golden(["tokenizers", .. parts]);
    }

    public static string Require(params string[] parts)
    {
        var path = Find(parts);
        Assert.SkipUnless(Path.Exists(path), $"'tokenizers/{string.Join('/', parts)}' is neither in the goldens folder in use nor in ../shared/goldens.");
        return path;
    }

    /// <summary>The entries of a list in files of the collection, by file and index.</summary>
    public static TheoryData<string, int> Indices(string list, params string[] files)
    {
        var indices = new TheoryData<string, int>();
        foreach (var file in files.Where(file => File.Exists(Find(file.Split('/')))))
            indices.AddRange([.. Enumerable.Range(0, Read(file).GetProperty(list).GetArrayLength()).Select(index => new TheoryDataRow<string, int>(file, index))]);
        return indices;
    }

    public static JsonElement Read(string file)
    {
        if (!Files.TryGetValue(file, out var root))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(Require(file.Split('/'))));
            Files[file] = root = document.RootElement.Clone();
        }

        return root;
    }

    /// <summary>The tokenizer in the folder of a file.</summary>
    public static TextTokenizer TokenizerOf(string file)
    {
        var folder = Path.GetDirectoryName(Require(file.Split('/')))!;
        if (!Tokenizers.TryGetValue(folder, out var tokenizer))
            Tokenizers[folder] = tokenizer = TextTokenizer.FromFolder(folder);
        return tokenizer;
    }

    public static AlignedTokens Encode(TextTokenizer tokenizer, JsonElement entry) => tokenizer.EncodeAligned(
        entry.GetProperty("text").GetString()!,
        entry.TryGetProperty("pair", out var pair) ? pair.GetString() : null,
        new EncodingOptions
        {
            MaxLength = entry.TryGetProperty("max_length", out var length) ? length.GetInt32() : null,
            Stride = entry.TryGetProperty("stride", out var stride) ? stride.GetInt32() : 0,
            AddSpecialTokens = !entry.TryGetProperty("add_special_tokens", out var adds) || adds.GetBoolean(),
            Truncation = (entry.TryGetProperty("strategy", out var strategy) ? strategy.GetString() : null) switch
            {
                null or "longest_first" => TruncationStrategy.LongestFirst,
                "only_second" => TruncationStrategy.OnlySecond,
                var other => throw new InvalidDataException($"Unknown truncation {other}."),
            },
        });

    /// <summary>Compares everything that an entry says about a window.</summary>
    public static void AssertEqual(JsonElement entry, AlignedTokens actual)
    {
        var ids = Integers(entry.GetProperty("input_ids"));
        Assert.Equal(ids, actual.Ids);
        AssertPlacesEqual(entry, actual);
        if (entry.TryGetProperty("sequence_ids", out var sequences))
            Assert.Equal(Integers(sequences), actual.SequenceIds.Select(id => id ?? -1));
        if (entry.TryGetProperty("tokens", out var tokens))
            Assert.Equal(tokens.EnumerateArray().Select(token => token.GetString()), actual.Tokens);
    }

    /// <summary>Compares the places of tokens, the mask of special ones, and the types.</summary>
    public static void AssertPlacesEqual(JsonElement entry, AlignedTokens actual)
    {
        var offsets = entry.GetProperty("offsets");
        Assert.Equal(Places(offsets), actual.CodePointOffsets);
        Assert.Equal(Places(entry.TryGetProperty("offsets_utf16", out var inUnits) ? inUnits : offsets), actual.Offsets);
        Assert.Equal(IntegersOrZeros(entry, "special_tokens_mask", actual.Length), actual.SpecialTokensMask);
        Assert.Equal(IntegersOrZeros(entry, "type_ids", actual.Length), actual.TypeIds);
        Assert.Equal(actual.SpecialTokensMask.Select(special => special == 1), actual.WordIds.Select(word => word is null));
    }

    public static int[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt32())];

    public static (int, int)[] Places(JsonElement array) => [.. array.EnumerateArray().Select(place => (place[0].GetInt32(), place[1].GetInt32()))];

    private static int[] IntegersOrZeros(JsonElement entry, string name, int length) => entry.TryGetProperty(name, out var values) ? Integers(values) : new int[length];
}
