using System.Text.Json;
using AdaLora.Transformers.Configuration;

namespace AdaLora.Transformers.Tokenization;

/// <summary>A tokenizer.json beside spm.model: whether it agrees with spm.model, from which the tokenizer is created.</summary>
internal static class SentencePieceDefinition
{
    private const string Advice = "; the tokenizer is built from spm.model, which differs. Remove tokenizer.json to use spm.model alone";

    /// <summary>Whether letters are lowered before anything else is done.</summary>
    public static bool LowersLetters(JsonElement definition) => Normalizers(definition).FirstOrDefault().Text("type") == "Lowercase";

    /// <exception cref="CheckpointException">It differs from spm.model.</exception>
    public static void Check(JsonElement definition, string source, IReadOnlyDictionary<string, int> pieces, SentencePieceNormalization normalization)
    {
        CheckNormalizers(Normalizers(definition), source, normalization);
        CheckSplitters(Parts(definition.Member("pre_tokenizer"), "pretokenizers"), source);
        if (definition.Member("model") is { } model)
            CheckModel(model, source, pieces);
    }

    private static void CheckNormalizers(List<JsonElement> normalizers, string source, SentencePieceNormalization normalization)
    {
        if (normalizers.Count == 0)
            throw new CheckpointException(source, $"has no normalizer{Advice}.");
        var hasTable = normalization.Table.IsEmpty;
        for (var i = 0; i < normalizers.Count; i++)
        {
            var part = normalizers[i];
            switch (part.Text("type"))
            {
                case "Lowercase" when i == 0:
                case "Strip":
                case "Replace" when part.Member("pattern")?.Text("Regex") == " {2,}" && part.Text("content") == " ":
                    break;
                case "Precompiled":
                    hasTable = part.Text("precompiled_charsmap") is { } text && SameTable(text, normalization.Table.Span)
                        ? true
                        : throw new CheckpointException(source, $"has a different precompiled_charsmap in its normalizer{Advice}.");
                    break;
                default:
                    throw new CheckpointException(source, $"uses the normalizer {part.Text("type") ?? "without a type"} ({part.GetRawText()}){Advice}.");
            }
        }
        if (!hasTable)
            throw new CheckpointException(source, $"has no Precompiled table in its normalizer{Advice}.");
    }

    private static bool SameTable(string base64, ReadOnlySpan<byte> table)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var written) && bytes.AsSpan(0, written).SequenceEqual(table);
    }

    private static void CheckSplitters(List<JsonElement> splitters, string source)
    {
        if (splitters.Find(part => part.Text("type") != "Metaspace") is { ValueKind: JsonValueKind.Object } other)
            throw new CheckpointException(source, $"uses the pre_tokenizer {other.Text("type") ?? "without a type"}; Unigram is supported only with Metaspace.");
        if (splitters.Count != 1)
            throw new CheckpointException(source, $"has {splitters.Count} parts in its pre_tokenizer; Unigram is supported only with one Metaspace.");
        var splitter = splitters[0];
        splitter.RequireOnly(source, "pre_tokenizer", "type", "replacement", "str_rep", "prepend_scheme", "add_prefix_space", "split");
        if ((splitter.Text("replacement") ?? "▁") != "▁")
            throw new CheckpointException(source, $"has the replacement '{splitter.Text("replacement")}' in its pre_tokenizer; only ▁ is supported.");
        if ((splitter.Text("prepend_scheme") ?? "always") != "always" || splitter.Flag("add_prefix_space") == false)
            throw new CheckpointException(source, $"has the prepend_scheme '{splitter.Text("prepend_scheme") ?? "never"}' in its pre_tokenizer; only always is supported.");
    }

    private static void CheckModel(JsonElement model, string source, IReadOnlyDictionary<string, int> pieces)
    {
        model.RequireOnly(source, "model", "type", "vocab", "unk_id");
        var names = pieces.ToDictionary(piece => piece.Value, piece => piece.Key);
        var id = 0;
        foreach (var entry in model.Member("vocab") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : throw new CheckpointException(source, "has no vocabulary."))
        {
            var text = entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2 && entry[0].ValueKind == JsonValueKind.String ? entry[0].GetString() : null;
            if (names.GetValueOrDefault(id, text!) != text)
                throw new CheckpointException(source, $"has the piece '{text}' as {id}, but spm.model has '{names[id]}'{Advice}.");
            id++;
        }
    }

    private static List<JsonElement> Normalizers(JsonElement definition) => Parts(definition.Member("normalizer"), "normalizers");

    // The parts of a sequence, sequences within it opened, or the one part.
    private static List<JsonElement> Parts(JsonElement? section, string members) => section switch
    {
        null => [],
        { } sequence when sequence.Text("type") == "Sequence" => sequence.Member(members) is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().SelectMany(part => Parts(part, members))]
            : [],
        { } part => [part],
    };
}
