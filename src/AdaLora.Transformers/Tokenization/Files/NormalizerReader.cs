using System.Text;
using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Normalizers;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads the normalizer of a tokenizer.json as a list of steps. Settings of tokenizer_config.json override those of a BertNormalizer.</summary>
internal sealed class NormalizerReader(TokenizerFolder folder, string source)
{
    /// <exception cref="CheckpointException">It requires something that is not supported.</exception>
    public List<TextNormalizer> Read(JsonElement? section) => [.. DefinitionSection.Parts(section, "normalizer", "normalizers", source).Select(ReadPart)];

    private TextNormalizer ReadPart(JsonElement part)
    {
        var name = $"normalizer {part.Text("type")}";
        switch (part.Text("type"))
        {
            case "BertNormalizer":
                part.RequireOnly(source, name, "type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
                return Bert(part);
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                part.RequireOnly(source, name, "type");
                return new UnicodeNormalizer(part.Text("type") switch
                {
                    "NFC" => NormalizationForm.FormC,
                    "NFD" => NormalizationForm.FormD,
                    "NFKC" => NormalizationForm.FormKC,
                    _ => NormalizationForm.FormKD,
                });
            case "Lowercase":
                part.RequireOnly(source, name, "type");
                return new LowercaseNormalizer();
            case "Strip":
                part.RequireOnly(source, name, "type", "strip_left", "strip_right");
                return new StripNormalizer(part.Flag("strip_left") ?? false, part.Flag("strip_right") ?? false);
            case "StripAccents":
                part.RequireOnly(source, name, "type");
                return CharacterNormalizer.StripAccents;
            case "Nmt":
                part.RequireOnly(source, name, "type");
                return CharacterNormalizer.Translation;
            case "Prepend":
                part.RequireOnly(source, name, "type", "prepend");
                return new PrependNormalizer(part.Text("prepend") ?? throw new CheckpointException(source, $"has a {name} without a text to put in front."));
            case "Replace":
                part.RequireOnly(source, name, "type", "pattern", "content");
                return new ReplaceNormalizer(part.Pattern(source, name), part.Text("content") ?? throw new CheckpointException(source, $"has a {name} without content."));
            case "Precompiled":
                part.RequireOnly(source, name, "type", "precompiled_charsmap");
                return new PrecompiledNormalizer(Table(part));
            case var other:
                throw new CheckpointException(source, $"uses the normalizer {other ?? "without a type"}, which is not supported.");
        }
    }

    private BertNormalizer Bert(JsonElement part)
    {
        var lowerCase = folder.Flag("do_lower_case") ?? part.Flag("lowercase") ?? true;
        var stripAccents = folder.Flag("strip_accents") ?? part.Flag("strip_accents") ?? lowerCase;
        return new BertNormalizer(lowerCase, stripAccents, folder.Flag("tokenize_chinese_chars") ?? part.Flag("handle_chinese_chars") ?? true, part.Flag("clean_text") ?? true);
    }

    private CharsMap Table(JsonElement part)
    {
        var text = part.Text("precompiled_charsmap") ?? "";
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var written)
            ? new CharsMap(bytes.AsSpan(0, written))
            : throw new CheckpointException(source, "has a precompiled_charsmap in its normalizer Precompiled that is not in Base64.");
    }
}
