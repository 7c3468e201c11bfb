using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Models;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads the model of a tokenizer.json: its vocabulary, and how it spells words.</summary>
internal sealed class ModelReader
{
    private readonly JsonElement _model;
    private readonly string _source;
    private readonly List<UnigramPiece> _pieces = [];

    /// <exception cref="CheckpointException">There is no model, or its kind is not supported.</exception>
    public ModelReader(JsonElement definition, string source)
    {
        _source = source;
        _model = definition.Member("model") ?? throw Fault("has no model.");
        Type = _model.Text("type") ?? throw Fault("has a model without a type.");
        Tokens = Type switch
        {
            "WordPiece" or "BPE" => ReadVocabulary(_model.Member("vocab"), source),
            "Unigram" => IdsOf(_pieces = ReadPieces()),
            _ => throw Fault($"describes a tokenizer of type {Type}; only WordPiece, BPE and Unigram are supported."),
        };
    }

    public string Type { get; }

    /// <summary>The ids of the model's own tokens.</summary>
    public IReadOnlyDictionary<string, int> Tokens { get; }

    /// <summary>The token for what can't be spelled, or null.</summary>
    public string? UnknownToken => Type == "Unigram" ? _pieces[UnknownId].Text : _model.Text("unk_token");

    private int UnknownId => _model.Member("unk_id") is not { } id ? throw Fault("has a Unigram model without unk_id, which is needed for characters that no piece has.")
        : id.TryReadInt32(out var value) && value >= 0 && value < _pieces.Count ? value : throw Fault($"has the unk_id {id.GetRawText()}, which is no piece of its vocabulary.");

    /// <param name="unknown">The token of words that can't be spelled, if the model does not name one.</param>
    /// <exception cref="CheckpointException">The model requires something that is not supported, or contradicts itself.</exception>
    public TokenModel Read(string? unknown) => Type switch
    {
        "WordPiece" => WordPiece(unknown),
        "BPE" => Bpe(),
        _ => Unigram(),
    };

    /// <summary>The ids of tokens, as tokenizer.json and vocab.json have them.</summary>
    /// <exception cref="CheckpointException">There are none, or an id is none.</exception>
    public static Dictionary<string, int> ReadVocabulary(JsonElement? entries, string source)
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

    private WordPieceModel WordPiece(string? unknown)
    {
        _model.RequireOnly(_source, "model", "type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word");
        var limit = 100;
        if (_model.Member("max_input_chars_per_word") is { } most && (!most.TryReadInt32(out limit) || limit < 1))
            throw Fault($"has the max_input_chars_per_word {most.GetRawText()}; it must be a positive whole number.");
        var token = UnknownToken ?? unknown ?? throw Fault("has a model without unk_token.");
        return new WordPieceModel(Tokens, Id(token, "unk_token"), _model.Text("continuing_subword_prefix") ?? "##", limit);
    }

    // If all bytes have tokens, nothing is unknown; without a token for it, what is unknown is left out.
    private BpeModel Bpe()
    {
        _model.RequireOnly(
            _source, "model", "type", "vocab", "merges", "unk_token", "fuse_unk", "byte_fallback", "ignore_merges", "continuing_subword_prefix", "end_of_word_suffix");
        return new BpeModel(Tokens, Merges(), new BpeOptions
        {
            UnknownId = UnknownToken is { } unknown ? Id(unknown, "unk_token") : null,
            FusesUnknown = _model.Flag("fuse_unk") ?? false,
            SpellsBytes = _model.Flag("byte_fallback") ?? false,
            IgnoresMergesOfTokens = _model.Flag("ignore_merges") ?? false,
            ContinuationPrefix = _model.Text("continuing_subword_prefix") ?? "",
            EndSuffix = _model.Text("end_of_word_suffix") ?? "",
        });
    }

    // A merge is one string with a space in it or, in newer files, a list of two strings.
    private IEnumerable<(string Left, string Right)> Merges()
    {
        if (_model.Member("merges") is not { ValueKind: JsonValueKind.Array } merges)
            throw Fault("has no merges.");
        foreach (var merge in merges.EnumerateArray())
        {
            string?[] pair = merge.ValueKind switch
            {
                JsonValueKind.String => [.. merge.GetString()!.Split(' ')],
                JsonValueKind.Array => [.. merge.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString() : null)],
                _ => [],
            };
            yield return pair is [{ } left, { } right] ? (left, right) : throw Fault($"has the merge {merge.GetRawText()}, which is not a pair of tokens.");
        }
    }

    private UnigramModel Unigram()
    {
        _model.RequireOnly(_source, "model", "type", "vocab", "unk_id", "byte_fallback");
        int[]? bytes = _model.Flag("byte_fallback") == true ? [.. Enumerable.Range(0, 256).Select(value => Tokens.TryGetValue($"<0x{value:X2}>", out var id) ? id : -1)] : null;
        return new UnigramModel([.. _pieces.Select((piece, id) => (id, piece))], UnknownId, _pieces.Min(piece => piece.Score), bytes);
    }

    private static Dictionary<string, int> IdsOf(List<UnigramPiece> pieces)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < pieces.Count; id++)
            ids[pieces[id].Text] = id;
        return ids;
    }

    private List<UnigramPiece> ReadPieces()
    {
        if (_model.Member("vocab") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() == 0)
            throw Fault("has no vocabulary for its Unigram model.");
        var pieces = new List<UnigramPiece>(list.GetArrayLength());
        foreach (var entry in list.EnumerateArray())
        {
            var isPiece = entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() == 2 && entry[0].ValueKind == JsonValueKind.String && entry[1].ValueKind == JsonValueKind.Number;
            pieces.Add(isPiece && entry[1].TryGetDouble(out var score) && double.IsFinite(score)
                ? new UnigramPiece(entry[0].GetString()!, score)
                : throw Fault($"has the piece {entry.GetRawText()} in its vocabulary, which is not a text with a score."));
        }

        return pieces;
    }

    private int Id(string token, string role) => Tokens.TryGetValue(token, out var id) ? id : throw Fault($"names '{token}' as its {role}, which is not in its vocabulary.");

    private CheckpointException Fault(string reason) => new(_source, reason);
}
