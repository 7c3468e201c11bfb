namespace AdaLora.Transformers.Tokenization.Decoders;

/// <summary>Changes each token by itself.</summary>
/// <param name="change">Makes a token into what it stands for; is also given its number and the number of tokens.</param>
internal sealed class EachTokenDecoder(Func<string, int, int, string> change) : TokenDecoder
{
    /// <summary>Signs for spaces become spaces, those of the first token are dropped if <paramref name="dropsFirst"/>.</summary>
    public static EachTokenDecoder Metaspace(char sign, bool dropsFirst) => new((token, index, _) => token.Replace(sign.ToString(), index == 0 && dropsFirst ? "" : " ", StringComparison.Ordinal));

    /// <summary>The end of a word becomes a space, except that of the last.</summary>
    public static EachTokenDecoder Suffix(string suffix) => new((token, index, count) => suffix.Length == 0 ? token : token.Replace(suffix, index == count - 1 ? "" : " ", StringComparison.Ordinal));

    /// <summary>Drops up to so many of a character from the ends of each token.</summary>
    public static EachTokenDecoder Strip(char content, int start, int stop) => new((token, _, _) =>
    {
        var (from, to) = (0, token.Length);
        while (from < to && from < start && token[from] == content)
            from++;
        while (to > from && token.Length - to < stop && token[to - 1] == content)
            to--;
        return token[from..to];
    });

    public override List<string> Decode(List<string> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
            tokens[i] = change(tokens[i], i, tokens.Count);
        return tokens;
    }
}
