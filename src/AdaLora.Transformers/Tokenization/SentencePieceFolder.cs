using Microsoft.ML.Tokenizers;

namespace AdaLora.Transformers.Tokenization;

/// <summary>Makes a SentencePiece tokenizer in DeBERTa's layout from spm.model.</summary>
internal static class SentencePieceFolder
{
    public const string ModelFile = "spm.model";

    public static SentencePieceTextTokenizer Create(TokenizerFolder folder, string source)
    {
        var (pieces, normalization) = ReadModel(File.ReadAllBytes(source));
        var settings = Settings(folder);
        return new SentencePieceTextTokenizer(pieces, normalization, new Vocabulary(pieces.Vocabulary, AddedTokens(folder, pieces.Vocabulary, settings)), settings);
    }

    private static (SentencePieceTokenizer Pieces, SentencePieceNormalization Normalization) ReadModel(byte[] model)
    {
        try
        {
            var normalization = SentencePieceNormalization.Read(model);
            using var stream = new MemoryStream(model);
            return (SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false, specialTokens: null), normalization);
        }
        catch (Exception exception) when (exception is not (InvalidDataException or OutOfMemoryException))
        {
            // The content is in memory already; whatever the library stumbles over, and it does so with many kinds of exceptions, is in there.
            throw new InvalidDataException($"is no SentencePiece model that can be used: {exception.Message}", exception);
        }
    }

    private static SentencePieceSettings Settings(TokenizerFolder folder)
    {
        var defaults = new SentencePieceSettings();
        return new SentencePieceSettings
        {
            PadToken = folder.SpecialToken("pad_token") ?? defaults.PadToken,
            StartToken = folder.SpecialToken("cls_token") ?? defaults.StartToken,
            SeparatorToken = folder.SpecialToken("sep_token") ?? defaults.SeparatorToken,
            UnknownToken = folder.SpecialToken("unk_token") ?? defaults.UnknownToken,
            MaskToken = folder.SpecialToken("mask_token") ?? defaults.MaskToken,
        };
    }

    // The mask comes right behind the pieces of the model unless added_tokens.json or tokenizer.json say otherwise.
    private static List<AddedToken> AddedTokens(TokenizerFolder folder, IReadOnlyDictionary<string, int> pieces, SentencePieceSettings settings)
    {
        var added = folder.AddedTokens() ?? [.. folder.ExtraTokens().Select(token => new AddedToken(token.Key, token.Value))];
        var present = added.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        foreach (var token in (string[])[settings.PadToken, settings.StartToken, settings.SeparatorToken, settings.UnknownToken])
        {
            if (!present.Contains(token) && pieces.TryGetValue(token, out var id))
                added.Add(new AddedToken(token, id));
        }

        if (!present.Contains(settings.MaskToken))
            added.Add(new AddedToken(settings.MaskToken, pieces.GetValueOrDefault(settings.MaskToken, pieces.Values.Max() + 1)));
        return added;
    }
}
