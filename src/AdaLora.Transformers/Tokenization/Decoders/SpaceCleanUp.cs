namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Removes spaces that decoding leaves before English punctuation and contractions.</summary>
internal static class SpaceCleanUp
{
    private static readonly (string Found, string Replacement)[] Replacements =
        [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")];

    /// <summary>As a WordPiece decoder does it with each token, which also shortens 'do not'.</summary>
    public static string OfToken(string token) => OfText(token.Replace(" do not", " don't", StringComparison.Ordinal));

    /// <summary>As a setting of the tokenizer asks for it, with a whole text.</summary>
    public static string OfText(string text)
    {
        foreach (var (found, replacement) in Replacements)
            text = text.Replace(found, replacement, StringComparison.Ordinal);
        return text;
    }
}
