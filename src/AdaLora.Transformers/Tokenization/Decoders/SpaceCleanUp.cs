using System.Buffers;

namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Removes spaces that decoding leaves before English punctuation and contractions.</summary>
internal static class SpaceCleanUp
{
    private static readonly (string Found, string Replacement)[] Replacements =
        [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re")];

    // The characters of what is replaced. Only spaces are removed, so that all others keep their neighbours.
    private static readonly SearchValues<char> Replaceable = SearchValues.Create(" .?!,'ntmsver");

    /// <summary>How much of a text can be cleaned up by itself, whatever follows it: up to the first space that only replaceable characters follow.</summary>
    public static int CertainLength(string text)
    {
        var word = text.AsSpan().LastIndexOfAnyExcept(Replaceable) + 1;
        var space = text.IndexOf(' ', word);
        return space < 0 ? text.Length : space;
    }

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
