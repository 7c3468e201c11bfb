using AdaLora.Internals;
using Microsoft.ML.Tokenizers;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Creates a SentencePiece tokenizer in DeBERTa's layout from spm.model.</summary>
internal static class SentencePieceFolder
{
    public const string ModelFile = "spm.model";

    public static SentencePieceTextTokenizer Create(TokenizerFolder folder, string source)
    {
        if (folder.Definition is null)
            folder.RequireClass("DebertaV2Tokenizer");
        folder.RefuseIfSet("split_by_punct", "sp_model_kwargs");
        var lowersLetters = folder.Flag("do_lower_case") == true || (folder.Definition is { } defined && SentencePieceDefinition.LowersLetters(defined));
        var (pieces, normalization) = ReadModel(RegularFile.ReadAllBytes(source), lowersLetters);
        if (folder.Definition is { } definition)
            SentencePieceDefinition.Check(definition, folder.DefinitionPath, pieces.Vocabulary, normalization);
        var settings = Settings(folder);
        var vocabulary = new Vocabulary(pieces.Vocabulary, AddedTokens(folder, pieces.Vocabulary, settings));
        return new SentencePieceTextTokenizer(pieces, normalization, vocabulary, settings, folder.Template(vocabulary, () => settings.Frame(vocabulary)));
    }

    private static (SentencePieceTokenizer Pieces, SentencePieceNormalization Normalization) ReadModel(byte[] model, bool lowersLetters)
    {
        try
        {
            var normalization = SentencePieceNormalization.Read(model, lowersLetters);
            using var stream = new MemoryStream(model);
            return (SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false, specialTokens: null), normalization);
        }
        catch (Exception exception) when (exception is not (InvalidDataException or OutOfMemoryException))
        {
            // The content is in memory already; whatever the library stumbles over, and it does so with many kinds of exceptions, is in there.
            throw new InvalidDataException($"is not a usable SentencePiece model: {exception.Message}", exception);
        }
    }

    private static SentencePieceSettings Settings(TokenizerFolder folder)
    {
        var defaults = new SentencePieceSettings();
        return new SentencePieceSettings
        {
            PadToken = folder.PadToken ?? defaults.PadToken,
            StartToken = folder.SpecialToken("cls_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? defaults.SeparatorToken,
            UnknownToken = folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    // The mask comes right after the pieces of the model unless the files say otherwise.
    private static List<AddedToken> AddedTokens(TokenizerFolder folder, IReadOnlyDictionary<string, int> pieces, SentencePieceSettings settings)
    {
        var added = AddedTokenReader.Read(folder, pieces, settings.SpecialTokens).ToList();
        if (added.TrueForAll(token => token.Content != settings.MaskToken))
            added.Add(new AddedToken(settings.MaskToken, pieces.Values.Max() + 1));
        return added;
    }
}
