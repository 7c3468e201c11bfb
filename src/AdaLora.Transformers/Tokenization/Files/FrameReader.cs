using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads what tokenizer.json says about combining texts, its post_processor.</summary>
internal sealed class FrameReader(Vocabulary vocabulary, TokenizerFolder folder, string source)
{
    /// <exception cref="CheckpointException">It is of an unknown kind, or contradicts the vocabulary.</exception>
    public SequenceTemplate Read(JsonElement definition) => definition.Member("post_processor") is { } processor ? ReadProcessor(processor) : SequenceTemplate.Bare;

    private SequenceTemplate ReadProcessor(JsonElement processor) => processor.Text("type") switch
    {
        "ByteLevel" => SequenceTemplate.Bare with { Trimming = Trimming(processor) },
        "Sequence" => ReadSequence(processor),
        "BertProcessing" => SequenceTemplate.Bert(Token(processor, "cls"), Token(processor, "sep")),
        "RobertaProcessing" => SequenceTemplate.Roberta(Token(processor, "cls"), Token(processor, "sep")) with { Trimming = Trimming(processor) },
        "TemplateProcessing" => new SequenceTemplate(Template(processor, "single"), Template(processor, "pair")),
        var other => throw Fault($"combines texts with {other ?? "a post_processor without a type"}; only BertProcessing, RobertaProcessing and TemplateProcessing are supported."),
    };

    private SequenceTemplate ReadSequence(JsonElement sequence)
    {
        var parts = sequence.Member("processors") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select(ReadProcessor).ToList() : [];
        var framing = parts.FindAll(part => part.Pair.Overhead > 0 || part.Single.Overhead > 0);
        return framing.Count switch
        {
            0 => parts.FirstOrDefault(SequenceTemplate.Bare),
            1 => framing[0] with { Trimming = parts.Find(part => part.Trimming is not null)?.Trimming },
            _ => throw Fault(
                $"combines texts with a Sequence of {string.Join(" and ", sequence.Member("processors")!.Value.EnumerateArray().Select(part => part.Text("type")))}; only one of them is supported."),
        };
    }

    // What RoBERTa's settings say about offsets overrides what its processor says.
    private SpaceTrimming? Trimming(JsonElement processor)
    {
        var isRoberta = processor.Text("type") == "RobertaProcessing";
        if (((isRoberta ? folder.Flag("trim_offsets") : null) ?? processor.Flag("trim_offsets") ?? true) == false)
            return null;
        return new SpaceTrimming((isRoberta ? folder.Flag("add_prefix_space") : null) ?? processor.Flag("add_prefix_space") ?? true);
    }

    // A token and its id.
    private int Token(JsonElement processor, string name) =>
        processor.Member(name) is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 && pair[0].ValueKind == JsonValueKind.String && pair[1].TryReadInt32(out var id)
            ? Checked(pair[0].GetString()!, id)
            : throw Fault($"does not say which token '{name}' is.");

    private SequenceFrame Template(JsonElement processor, string name)
    {
        // Special tokens before the first text, after it, and after the second.
        var runs = new List<List<(int Id, int Type)>> { new() };
        var types = new List<int>();
        foreach (var piece in processor.Member(name) is { ValueKind: JsonValueKind.Array } pieces ? pieces.EnumerateArray() : throw Fault($"has a template without '{name}'."))
        {
            if (piece.Member("Sequence") is { } text && text.Text("id") == (types.Count == 0 ? "A" : "B") && types.Count < (name == "single" ? 1 : 2))
            {
                types.Add(Type(text));
                runs.Add([]);
            }
            else if (piece.Member("SpecialToken") is { } token)
            {
                runs[^1].AddRange(Ids(processor, token.Text("id")).Select(id => (id, Type(token))));
            }
            else
            {
                throw Fault($"has the piece {piece.GetRawText()} in the template '{name}'; only A, followed by B in 'pair', is supported.");
            }
        }

        return (name, types.Count) switch
        {
            ("single", 1) => new SequenceFrame(runs[0], types[0], [], 0, runs[1]),
            ("pair", 2) => new SequenceFrame(runs[0], types[0], runs[1], types[1], runs[2]),
            _ => throw Fault($"has a template '{name}' with {types.Count} texts."),
        };
    }

    private int Type(JsonElement piece) =>
        piece.Member("type_id") is { } value && value.TryReadInt32(out var type) && type >= 0 ? type : throw Fault($"has the type id {piece.Member("type_id")?.GetRawText() ?? "null"} in a template.");

    private IEnumerable<int> Ids(JsonElement processor, string? name)
    {
        if (name is null || processor.Member("special_tokens")?.Member(name) is not { } entry
            || entry.Member("ids") is not { ValueKind: JsonValueKind.Array } ids || entry.Member("tokens") is not { ValueKind: JsonValueKind.Array } tokens
                || ids.GetArrayLength() != tokens.GetArrayLength())
        {
            throw Fault($"has the special token '{name}' in a template, but not among its special_tokens.");
        }

        for (var i = 0; i < ids.GetArrayLength(); i++)
        {
            if (!ids[i].TryReadInt32(out var id) || tokens[i].ValueKind != JsonValueKind.String)
                throw Fault($"gives the special token '{name}' an id that is not a whole number.");
            yield return Checked(tokens[i].GetString()!, id);
        }
    }

    private int Checked(string token, int id) => vocabulary.IdOf(token) == id
        ? id
        : throw Fault($"frames texts with '{token}' as {id}, {(vocabulary.IdOf(token) is { } other ? $"which has the id {other} in its vocabulary" : "which is not in its vocabulary")}.");

    private CheckpointException Fault(string reason) => new(source, reason);
}
