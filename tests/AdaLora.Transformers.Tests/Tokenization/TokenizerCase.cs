using System.Text.Json;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;
using Xunit;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>Reads the reference encodings and compares with them.</summary>
internal static class TokenizerCase
{
    /// <summary>The indices of the cases in a list of a file, for theories; empty when the file is absent.</summary>
    public static TheoryData<string, int> Indices(string list, params string[] files)
    {
        var cases = new TheoryData<string, int>();
        foreach (var file in files)
        {
            var path = TestMaterial.Golden("tokenizers", file);
            if (!File.Exists(path))
                continue;
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.TryGetProperty(list, out var entries))
                cases.AddRange([.. Enumerable.Range(0, entries.GetArrayLength()).Select(index => new TheoryDataRow<string, int>(file, index))]);
        }
        return cases;
    }

    public static JsonElement Read(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(TestMaterial.RequireGolden("tokenizers", file)));
        return document.RootElement.Clone();
    }

    public static TokenizedText Encode(TextTokenizer tokenizer, JsonElement entry, string? prefix = null) => tokenizer.Encode(
        prefix + entry.GetProperty("text").GetString(),
        entry.TryGetProperty("pair", out var pair) ? prefix + pair.GetString() : null,
        entry.TryGetProperty("max_length", out var length) ? length.GetInt32() : null,
        Truncation(entry));

    /// <summary>Compares ids, types and mask, with the padding the case asks for.</summary>
    public static void AssertEqual(TextTokenizer tokenizer, JsonElement entry, TokenizedText actual)
    {
        var padding = entry.TryGetProperty("padding", out var value) ? value.GetString() : null;
        var batch = tokenizer.Pad([actual], padding == "max_length" ? entry.GetProperty("max_length").GetInt32() : null);
        var ids = Integers(entry.GetProperty("input_ids"));
        Assert.True(ids.SequenceEqual(batch.Ids), Difference(tokenizer, entry, ids, batch.Ids));
        Assert.Equal(Integers(entry.GetProperty("attention_mask")), batch.AttentionMask);
        Assert.Equal(entry.TryGetProperty("token_type_ids", out var types) ? Integers(types) : new long[ids.Length], batch.TypeIds);
    }

    /// <summary>Encodes and pads the texts of a padded batch as its settings say, and compares.</summary>
    public static void AssertBatchEqual(TextTokenizer tokenizer, JsonElement entry)
    {
        var settings = entry.GetProperty("settings");
        int? maxLength = settings.TryGetProperty("max_length", out var length) ? length.GetInt32() : null;
        var truncates = settings.TryGetProperty("truncation", out var truncation) && truncation.ValueKind != JsonValueKind.False;
        var texts = Texts(entry.GetProperty("texts"));
        var pairs = entry.TryGetProperty("pairs", out var seconds) ? Texts(seconds) : new string?[texts.Length];
        var batch = tokenizer.Pad(
            [.. texts.Zip(pairs, (text, pair) => tokenizer.Encode(text!, pair, truncates ? maxLength : null))],
            settings.GetProperty("padding").GetString() == "max_length" ? maxLength : null,
            settings.TryGetProperty("pad_to_multiple_of", out var multiple) && multiple.ValueKind == JsonValueKind.Number ? multiple.GetInt32() : null);
        Assert.Equal(Rows(entry.GetProperty("input_ids")), batch.Ids);
        Assert.Equal(Rows(entry.GetProperty("attention_mask")), batch.AttentionMask);
        if (entry.TryGetProperty("token_type_ids", out var types))
            Assert.Equal(Rows(types), batch.TypeIds);
    }

    private static TruncationStrategy Truncation(JsonElement entry) => (entry.TryGetProperty("truncation", out var value) ? value.GetString() : null) switch
    {
        null or "longest_first" => TruncationStrategy.LongestFirst,
        "only_first" => TruncationStrategy.OnlyFirst,
        "only_second" => TruncationStrategy.OnlySecond,
        var other => throw new InvalidDataException($"Unknown truncation {other}."),
    };

    private static string Difference(TextTokenizer tokenizer, JsonElement entry, IEnumerable<long> expected, IEnumerable<long> actual) =>
        $"""
        {entry.GetProperty("text").GetRawText()}
        expected {Spell(tokenizer, expected)}
        actual   {Spell(tokenizer, actual)}
        """;

    private static string Spell(TextTokenizer tokenizer, IEnumerable<long> ids) => string.Join(' ', ids.Select(id => tokenizer.GetToken((int)id) ?? $"<{id}>"));

    private static string?[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString())];

    private static long[] Rows(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(Integers)];

    private static long[] Integers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetInt64())];
}
