using System.Text.Json.Nodes;

namespace AdaLora.Instruct.Demo;

/// <summary>The tokenizer of the demo's model: byte-level BPE that knows the demo's words whole.</summary>
internal static class DemoTokenizer
{
    private static readonly string[] Special = ["<|end|>", "<|user|>", "<|assistant|>"];

    /// <returns>The number of tokens.</returns>
    public static int Write(string folder, IEnumerable<string> words)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        var merges = new List<string>();
        foreach (var token in Special.Concat(Enumerable.Range(0, 256).Select(value => SignOf((byte)value).ToString())))
            vocabulary.Add(token, vocabulary.Count);
        foreach (var word in words.SelectMany(word => (string[])[word, "\u0120" + word]))
        {
            for (var length = 1; length < word.Length; length++)
            {
                if (vocabulary.TryAdd(word[..(length + 1)], vocabulary.Count))
                    merges.Add($"{word[..length]} {word[length]}");
            }
        }

        var tokenizer = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. Special.Select((token, id) => (JsonNode)new JsonObject
            {
                ["id"] = id, ["content"] = token, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false, ["special"] = true,
            })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(false),
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(true),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = new JsonObject(vocabulary.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"),
            new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["eos_token"] = Special[0], ["chat_template"] = DemoLanguage.Template }.ToJsonString());
        return vocabulary.Count;
    }

    private static JsonObject ByteLevel(bool addsPrefix) => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = addsPrefix, ["trim_offsets"] = true, ["use_regex"] = true };

    // As GPT-2 writes bytes: printable ones as themselves, the others from U+0100 on.
    private static char SignOf(byte value)
    {
        static bool IsShown(int v) => v is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return IsShown(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(v => !IsShown(v)));
    }
}
