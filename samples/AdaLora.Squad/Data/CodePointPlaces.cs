namespace AdaLora.Squad.Data;

/// <summary>Places in a text counted in code points, as files count, and in UTF-16 units, as .NET does.</summary>
internal static class CodePointPlaces
{
    /// <summary>The unit at which a code point begins; null beyond the text. The end of the text counts as a place.</summary>
    public static int? ToUnits(string text, int codePoint)
    {
        if (codePoint < 0)
            return null;
        var units = 0;
        for (var left = codePoint; left > 0; left--)
        {
            if (units >= text.Length)
                return null;
            units += IsPair(text, units) ? 2 : 1;
        }

        return units;
    }

    /// <summary>How many code points begin before a unit.</summary>
    public static int FromUnits(string text, int unit)
    {
        var count = 0;
        for (var i = 0; i < unit; i += IsPair(text, i) ? 2 : 1)
            count++;
        return count;
    }

    private static bool IsPair(string text, int place) => place + 1 < text.Length && char.IsSurrogatePair(text[place], text[place + 1]);
}
