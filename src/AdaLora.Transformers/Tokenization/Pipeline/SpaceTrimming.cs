namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>Leaves the spaces at the ends of a token out of its place.</summary>
/// <param name="KeepsFirst">Whether the one space of a token with which a text begins stays, because it was put in front.</param>
internal sealed record SpaceTrimming(bool KeepsFirst)
{
    private const char ByteLevelSpace = '\u0120';

    /// <param name="token">The token.</param>
    /// <param name="spelling">Its text, in which spaces may be written as byte-level models do.</param>
    /// <param name="isFirst">Whether it is the first of a row's text.</param>
    public PlacedToken Trim(PlacedToken token, ReadOnlySpan<char> spelling, bool isFirst)
    {
        var (leading, trailing) = (0, 0);
        while (leading < spelling.Length && IsSpace(spelling[leading]))
            leading++;
        while (trailing < spelling.Length && IsSpace(spelling[^(trailing + 1)]))
            trailing++;
        if (KeepsFirst && leading == 1 && (isFirst || token.Start == 0))
            leading = 0;
        var start = Math.Min(token.Start + leading, token.End);
        return token with { Start = start, End = token.End >= trailing ? Math.Max(token.End - trailing, start) : token.End };
    }

    private static bool IsSpace(char c) => c == ByteLevelSpace || char.IsWhiteSpace(c);
}
