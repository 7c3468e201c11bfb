namespace AdaLora.Summarization.Scores;

/// <summary>The simplest summary of a text, which published tables call lead-1.</summary>
internal static class FirstSentence
{
    private const string Ends = ".!?。！？";

    public static string Of(string text)
    {
        var line = text.AsSpan().TrimStart();
        if (line.IndexOf('\n') is >= 0 and var end)
            line = line[..end];
        for (var place = 0; place < line.Length; place++)
        {
            // A point inside a number or a name is followed by something else.
            if (Ends.Contains(line[place], StringComparison.Ordinal) && (place + 1 == line.Length || char.IsWhiteSpace(line[place + 1]) || line[place] > '\u007f'))
                return line[..(place + 1)].ToString();
        }

        return line.TrimEnd().ToString();
    }
}
