using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Decoders;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads the decoder of a tokenizer.json as a list of steps.</summary>
internal sealed class DecoderReader(string source)
{
    /// <exception cref="CheckpointException">It requires something that is not supported.</exception>
    public List<TokenDecoder>? Read(JsonElement? section) => section is null ? null : [.. DefinitionSection.Parts(section, "decoder", "decoders", source).Select(ReadPart)];

    private TokenDecoder ReadPart(JsonElement part)
    {
        var name = $"decoder {part.Text("type")}";
        switch (part.Text("type"))
        {
            case "ByteLevel":
                // These settings are for encoding.
                part.RequireOnly(source, name, "type", "add_prefix_space", "trim_offsets", "use_regex");
                return new ByteLevelDecoder();
            case "WordPiece":
                part.RequireOnly(source, name, "type", "prefix", "cleanup");
                return new WordPieceDecoder(part.Text("prefix") ?? "##", part.Flag("cleanup") ?? true);
            case "Metaspace":
                var (sign, scheme) = PreTokenizerReader.ReadMetaspace(part, source, name);
                return EachTokenDecoder.Metaspace(sign, dropsFirst: scheme != PrependScheme.Never);
            case "BPEDecoder":
                part.RequireOnly(source, name, "type", "suffix");
                return EachTokenDecoder.Suffix(part.Text("suffix") ?? "</w>");
            case "ByteFallback":
                part.RequireOnly(source, name, "type");
                return new ByteFallbackDecoder();
            case "Fuse":
                part.RequireOnly(source, name, "type");
                return new FuseDecoder();
            case "Replace":
                part.RequireOnly(source, name, "type", "pattern", "content");
                return new ReplaceDecoder(part.Pattern(source, name), part.Text("content") ?? throw new CheckpointException(source, $"has a {name} without content."));
            case "Strip" when part.Text("content") is { Length: 1 } content:
                part.RequireOnly(source, name, "type", "content", "start", "stop");
                return EachTokenDecoder.Strip(content[0], Count(part, "start", name), Count(part, "stop", name));
            case var other:
                throw new CheckpointException(source, $"uses the decoder {other ?? "without a type"} ({part.GetRawText()}), which is not supported.");
        }
    }

    private int Count(JsonElement part, string member, string name) => part.Member(member) is not { } value ? 0
        : value.TryReadInt32(out var count) && count >= 0 ? count : throw new CheckpointException(source, $"has {member} {value.GetRawText()} in its {name}; it must be a whole number from 0.");
}
