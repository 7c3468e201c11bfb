namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Puts a space before each token but the first and those inside a word; with <paramref name="cleansUp"/>, not before punctuation and contractions.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleansUp) : TokenDecoder
{
    public override List<string> Decode(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i > 0)
                tokens[i] = tokens[i].StartsWith(prefix, StringComparison.Ordinal) ? tokens[i][prefix.Length..] : $" {tokens[i]}";
            if (cleansUp)
                tokens[i] = SpaceCleanUp.OfToken(tokens[i]);
        }

        return tokens;
    }
}
