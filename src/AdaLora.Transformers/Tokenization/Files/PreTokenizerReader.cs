using System.Text;
using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;
using AdaLora.Transformers.Tokenization.PreTokenizers;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads the pre_tokenizer of a tokenizer.json as a list of steps. The setting add_prefix_space of tokenizer_config.json overrides that of a single ByteLevel.</summary>
internal sealed class PreTokenizerReader(TokenizerFolder folder, string source)
{
    // What a Whitespace pre-tokenizer takes for a word.
    private const string Words = @"\w+|[^\w\s]+";

    /// <exception cref="CheckpointException">It requires something that is not supported.</exception>
    public List<PreTokenizer> Read(JsonElement? section)
    {
        var isSingle = section?.Text("type") != "Sequence";
        return [.. DefinitionSection.Parts(section, "pre_tokenizer", "pretokenizers", source).SelectMany(part => ReadPart(part, isSingle))];
    }

    /// <summary>The sign and the scheme of a Metaspace, as pre-tokenizer or decoder.</summary>
    /// <exception cref="CheckpointException">They contradict each other, or are unknown.</exception>
    public static (char Sign, PrependScheme Scheme) ReadMetaspace(JsonElement part, string source, string name)
    {
        part.RequireOnly(source, name, "type", "replacement", "str_rep", "prepend_scheme", "add_prefix_space", "split");
        var sign = part.Text("replacement") ?? "▁";
        if (sign.Length != 1)
            throw new CheckpointException(source, $"has the replacement '{sign}' in its {name}; it must be one character of the basic plane.");
        var addsPrefix = part.Flag("add_prefix_space");
        return (sign[0], (part.Text("prepend_scheme"), addsPrefix) switch
        {
            ("never", _) or (null, false) => PrependScheme.Never,
            ("always" or null, not false) => PrependScheme.Always,
            ("first", not false) => PrependScheme.First,
            var (scheme, _) => throw new CheckpointException(
                source, $"has the prepend_scheme '{scheme}'{(addsPrefix == false ? " and add_prefix_space false" : "")} in its {name}, which is not supported."),
        });
    }

    private IEnumerable<PreTokenizer> ReadPart(JsonElement part, bool isSingle)
    {
        var name = $"pre_tokenizer {part.Text("type")}";
        switch (part.Text("type"))
        {
            case "ByteLevel":
                part.RequireOnly(source, name, "type", "add_prefix_space", "trim_offsets", "use_regex");
                return ByteLevel((isSingle ? folder.Flag("add_prefix_space") : null) ?? part.Flag("add_prefix_space") ?? true, part.Flag("use_regex") ?? true);
            case "BertPreTokenizer":
                part.RequireOnly(source, name, "type");
                return [new BertCutter()];
            case "Metaspace":
                var (sign, scheme) = ReadMetaspace(part, source, name);
                return [new Metaspace(sign, scheme, part.Flag("split") ?? true)];
            case "Split":
                part.RequireOnly(source, name, "type", "pattern", "behavior", "invert");
                return [new PatternCutter(part.Pattern(source, name), Behavior(part, name), part.Flag("invert") ?? false)];
            case "WhitespaceSplit":
                part.RequireOnly(source, name, "type");
                return [CharacterCutter.WhiteSpace];
            case "Whitespace":
                part.RequireOnly(source, name, "type");
                return [new PatternCutter(new RegexPattern(Words), SplitBehavior.Removed, invert: true)];
            case "Punctuation":
                part.RequireOnly(source, name, "type", "behavior");
                return [CharacterCutter.Punctuation(Behavior(part, name))];
            case "Digits":
                part.RequireOnly(source, name, "type", "individual_digits");
                return [CharacterCutter.Digits(part.Flag("individual_digits") ?? false)];
            case "CharDelimiterSplit" when part.Text("delimiter") is { Length: > 0 } text && Rune.TryGetRuneAt(text, 0, out var delimiter) && delimiter.Utf16SequenceLength == text.Length:
                part.RequireOnly(source, name, "type", "delimiter");
                return [new CharacterCutter(rune => rune == delimiter, SplitBehavior.Removed)];
            case var other:
                throw new CheckpointException(source, $"uses the pre_tokenizer {other ?? "without a type"} ({part.GetRawText()}), which is not supported.");
        }
    }

    public static IEnumerable<PreTokenizer> ByteLevel(bool addsPrefixSpace, bool cuts)
    {
        if (addsPrefixSpace)
            yield return new PrefixSpace();
        if (cuts)
            yield return new ByteLevelCutter();
        yield return new ByteLevelBytes();
    }

    private SplitBehavior Behavior(JsonElement part, string name) => part.Text("behavior") is not { } behavior ? SplitBehavior.Isolated
        : Enum.TryParse<SplitBehavior>(behavior, out var known) && Enum.IsDefined(known) && !char.IsAsciiDigit(behavior[0]) ? known
        : throw new CheckpointException(source, $"has the behavior '{behavior}' in its {name}; only {string.Join(", ", Enum.GetNames<SplitBehavior>())} are supported.");
}
