using System.Text.Json;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Instruct.Data;

/// <summary>The tokens around a text that no chat template has written.</summary>
/// <param name="Begin">In front of it: the one that the tokenizer puts there, if there is one.</param>
/// <param name="End">Behind it: the model's first end token, if there is one.</param>
internal sealed record TextEnds(IReadOnlyList<int> Begin, IReadOnlyList<int> End)
{
    /// <summary>Those of a checkpoint.</summary>
    public static TextEnds Of(string checkpoint, TextTokenizer tokenizer)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(checkpoint, "config.json")));
        var (begin, end) = (IdOf(config.RootElement, "bos_token_id"), IdOf(config.RootElement, "eos_token_id"));
        var hasBegin = begin is { } id && tokenizer.Encode("a").Ids is [var first, ..] && first == id;
        return new TextEnds(hasBegin ? [begin!.Value] : [], end is { } last ? [last] : []);
    }

    private static int? IdOf(JsonElement config, string name) => !config.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 ? value[0].GetInt32()
        : value.ValueKind == JsonValueKind.Number ? value.GetInt32()
        : null;
}
