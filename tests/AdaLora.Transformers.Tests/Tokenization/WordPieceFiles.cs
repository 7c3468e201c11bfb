using System.Text.Json.Nodes;
using AdaLora.TestSupport;
using AdaLora.Transformers.Tokenization;

namespace AdaLora.Transformers.Tests.Tokenization;

/// <summary>A folder with an uncased WordPiece tokenizer that a test changes, as tokenizer.json or as vocab.txt.</summary>
internal sealed class WordPieceFiles : IDisposable
{
    private const string SpecialTokens = """ "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]", "mask_token": "[MASK]" """;

    private readonly TemporaryFolder _folder = new();

    /// <summary>The frame that BERT's own files have.</summary>
    public static JsonNode BertFrame => JsonNode.Parse("""
        { "type": "TemplateProcessing",
          "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 0 } }],
          "pair": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 0 } },
                   { "Sequence": { "id": "B", "type_id": 1 } }, { "SpecialToken": { "id": "[SEP]", "type_id": 1 } }],
          "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] }, "[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] } } }
        """)!;

    public string Path => _folder.Path;

    private static JsonObject Definition => JsonNode.Parse(File.ReadAllText(TestMaterial.InRepository("tests/fixtures/wordpiece/tokenizer.json")))!.AsObject();

    /// <summary>The tokenizer of a changed tokenizer.json with BERT's frame, beside a tokenizer_config.json with further members.</summary>
    public TextTokenizer FromDefinition(Action<JsonObject> change, string? config = null)
    {
        var definition = Definition;
        definition["post_processor"] = BertFrame;
        change(definition);
        Write("tokenizer.json", definition.ToJsonString());
        return Open(config);
    }

    /// <summary>The tokenizer of tokenizer.json with some more tokens, which have the vocabulary's ids or those from 440 on.</summary>
    public TextTokenizer WithTokens(params (string Content, string Flags)[] tokens) => FromDefinition(definition =>
    {
        definition["post_processor"] = null;
        for (var i = 0; i < tokens.Length; i++)
        {
            var token = JsonNode.Parse("""{ "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": false }""")!.AsObject();
            token["id"] = definition["model"]!["vocab"]![tokens[i].Content]?.DeepClone() ?? 440 + i;
            token["content"] = tokens[i].Content;
            foreach (var flag in tokens[i].Flags.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                token[flag] = true;
            definition["added_tokens"]!.AsArray().Add(token);
        }
    });

    /// <summary>The tokenizer of vocab.txt, beside a tokenizer_config.json with further members.</summary>
    public TextTokenizer FromVocabulary(string? config = null)
    {
        var vocabulary = Definition["model"]!["vocab"]!.AsObject().OrderBy(token => (int)token.Value!).Select(token => token.Key);
        File.WriteAllLines(_folder.File("vocab.txt"), vocabulary);
        return Open(config);
    }

    public void Write(string name, string content) => _folder.Write(name, content);

    public void Dispose() => _folder.Dispose();

    private TextTokenizer Open(string? config)
    {
        Write("tokenizer_config.json", $"{{ {SpecialTokens}{(config is null ? "" : ", ")}{config} }}");
        return TextTokenizer.FromFolder(Path);
    }
}
