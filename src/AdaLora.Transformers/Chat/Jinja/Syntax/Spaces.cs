namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>White space as Python sees it.</summary>
internal static class Spaces
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>The first place from <paramref name="at"/> on that is not white space.</summary>
    public static int Skip(string text, int at)
    {
        while (at < text.Length && IsSpace(text[at]))
            at++;
        return at;
    }

    /// <summary>The length of a text without the white space at its end.</summary>
    public static int EndWithout(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return end;
    }
}
