using System.Text.Json;
using AdaLora.Transformers.Configuration;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Files;

/// <summary>Reads a tokenizer.json, the whole description of a fast tokenizer. What it says is followed, or refused by name.</summary>
internal static class DefinitionReader
{
    /// <exception cref="CheckpointException">It requires something that is not supported, or contradicts itself or other files.</exception>
    public static TokenizerParts Read(TokenizerFolder folder, string source)
    {
        var definition = folder.Definition!.Value;
        definition.RequireOnly(source, "top level", "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model");
        var model = new ModelReader(definition, source);
        var defaults = Defaults(folder, model, definition);
        var unknown = model.UnknownToken ?? folder.SpecialToken("unk_token") ?? defaults?.Unknown;
        var vocabulary = new Vocabulary(model.Tokens, AddedTokenReader.Read(folder, model.Tokens, [.. SpecialTokens(folder, unknown, defaults)]));
        return new TokenizerParts
        {
            Normalizers = new NormalizerReader(folder, source).Read(definition.Member("normalizer")),
            PreTokenizers = new PreTokenizerReader(folder, source).Read(definition.Member("pre_tokenizer")),
            Model = model.Read(unknown),
            Vocabulary = vocabulary,
            Template = folder.Template(vocabulary, () => SequenceTemplate.Bare),
            Decoders = new DecoderReader(source).Read(definition.Member("decoder")),
            CleansUpSpaces = folder.CleansUpSpaces,
            SplitsSpecialTokens = folder.SplitsSpecialTokens,
            PadId = PadId(folder, vocabulary, defaults),
            UnknownId = unknown is null ? null : vocabulary.IdOf(unknown),
            MaskId = (folder.SpecialToken("mask_token") ?? defaults?.Mask) is { } mask ? vocabulary.IdOf(mask) : null,
        };
    }

    // The tokens that the classes of some families know without being told.
    private static SpecialTokenNames? Defaults(TokenizerFolder folder, ModelReader model, JsonElement definition) => model.Type switch
    {
        "WordPiece" => SpecialTokenNames.Bert,
        "BPE" when definition.Member("post_processor")?.Text("type") == "RobertaProcessing" => SpecialTokenNames.Roberta,
        "Unigram" when folder.HasClass("DebertaV2Tokenizer") || folder.Has(SentencePieceFolder.ModelFile) => SpecialTokenNames.Bert,
        "Unigram" when folder.HasClass("XLMRobertaTokenizer") || folder.Has(FairseqFolder.ModelFile) => SpecialTokenNames.Roberta,
        _ => null,
    };

    private static IEnumerable<AddedToken> SpecialTokens(TokenizerFolder folder, string? unknown, SpecialTokenNames? defaults)
    {
        var named = new SpecialTokenNames(
            unknown,
            folder.PadToken ?? defaults?.Pad,
            folder.SpecialToken("cls_token") ?? folder.SpecialToken("bos_token") ?? defaults?.Start,
            folder.SpecialToken("sep_token") ?? folder.SpecialToken("eos_token") ?? defaults?.Separator,
            folder.SpecialToken("mask_token") ?? defaults?.Mask,
            defaults?.MaskTakesSpaceBefore ?? false);
        return named.Tokens.Concat(new[] { folder.SpecialToken("bos_token"), folder.SpecialToken("eos_token") }.OfType<string>().Select(token => new AddedToken(token, -1)))
            .DistinctBy(token => token.Content, StringComparer.Ordinal);
    }

    // What fills rows is masked, so that any token will do.
    private static int PadId(TokenizerFolder folder, Vocabulary vocabulary, SpecialTokenNames? defaults)
    {
        if (folder.PadToken is { } named)
            return vocabulary.Require(named);
        if (defaults is not null)
            return vocabulary.Require(defaults.Pad!);
        return folder.SpecialToken("eos_token") is { } end && vocabulary.IdOf(end) is { } id ? id : 0;
    }
}
