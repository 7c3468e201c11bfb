using System.Globalization;
using System.Text;
using AdaLora.Transformers.Chat.Jinja.Syntax;

namespace AdaLora.Transformers.Chat.Jinja.Functions;

/// <summary>Operations on texts, as Python defines them.</summary>
internal static class PythonText
{
    /// <summary>Takes characters off the ends: those of a set, or white space.</summary>
    public static string Strip(string text, string? characters, bool start = true, bool end = true)
    {
        bool IsTaken(char c) => characters is null ? Spaces.IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
        var (first, last) = (0, text.Length);
        while (start && first < last && IsTaken(text[first]))
            first++;
        while (end && last > first && IsTaken(text[last - 1]))
            last--;
        return text[first..last];
    }

    /// <summary>The parts between separators, or between white space.</summary>
    public static List<object?> Split(string text, string? separator, long most)
    {
        var parts = new List<object?>();
        var at = separator is null ? Spaces.Skip(text, 0) : 0;
        while (most < 0 || parts.Count < most)
        {
            var next = separator is null ? NextSpace(text, at) : text.IndexOf(separator, at, StringComparison.Ordinal);
            if (next < 0)
                break;
            parts.Add(text[at..next]);
            at = separator is null ? Spaces.Skip(text, next) : next + separator.Length;
        }

        if (separator is not null || at < text.Length)
            parts.Add(text[at..]);
        return parts;
    }

    /// <summary>The same from the end.</summary>
    public static List<object?> SplitFromEnd(string text, string? separator, long most)
    {
        var parts = new List<object?>();
        var end = separator is null ? Spaces.EndWithout(text) : text.Length;
        while (most < 0 || parts.Count < most)
        {
            var last = separator is null ? LastSpace(text, end) : end == 0 ? -1 : text.LastIndexOf(separator, end - 1, StringComparison.Ordinal);
            if (last < 0 || (separator is not null && last + separator.Length > end))
                break;
            parts.Add(separator is null ? text[(last + 1)..end] : text[(last + separator.Length)..end]);
            end = separator is null ? Spaces.EndWithout(text[..last]) : last;
        }

        if (separator is not null || end > 0)
            parts.Add(separator is null ? text[Spaces.Skip(text, 0)..end] : text[..end]);
        parts.Reverse();
        return parts;
    }

    public static List<object?> Lines(string text, bool keepsEnds)
    {
        var lines = new List<object?>();
        for (var at = 0; at < text.Length;)
        {
            var end = text.AsSpan(at).IndexOfAny("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");
            var stop = end < 0 ? text.Length : at + end;
            var next = end < 0 ? stop : stop + (text[stop] == '\r' && stop + 1 < text.Length && text[stop + 1] == '\n' ? 2 : 1);
            lines.Add(text[at..(keepsEnds ? next : stop)]);
            at = next;
        }

        return lines;
    }

    /// <summary>The first letter large, the others small.</summary>
    public static string Capitalize(string text) => text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    /// <summary>The first letter of each word large, the others small.</summary>
    /// <param name="text">The text.</param>
    /// <param name="begins">Whether a word begins behind a character.</param>
    public static string Title(string text, Func<char, bool> begins)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
            result.Append(i == 0 || begins(text[i - 1]) ? char.ToUpperInvariant(text[i]) : char.ToLowerInvariant(text[i]));
        return result.ToString();
    }

    public static string Replace(string text, string old, string replacement, long most)
    {
        if (most < 0 && old.Length > 0)
            return text.Replace(old, replacement, StringComparison.Ordinal);
        var result = new StringBuilder();
        var at = 0;
        for (var count = 0L; (most < 0 || count < most) && at <= text.Length; count++)
        {
            var next = text.IndexOf(old, at, StringComparison.Ordinal);
            if (next < 0)
                break;
            result.Append(text, at, next - at).Append(replacement);
            if (old.Length == 0 && next < text.Length)
                result.Append(text[next]);
            at = next + Math.Max(1, old.Length);
        }

        return at <= text.Length ? result.Append(text, at, text.Length - at).ToString() : result.ToString();
    }

    /// <summary>A whole number as Python's int() reads it, or null.</summary>
    public static long? ToInteger(string text) =>
        long.TryParse(Strip(text, null).Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A number as Python's float() reads it, or null.</summary>
    public static double? ToNumber(string text)
    {
        const NumberStyles Styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(Strip(text, null).Replace("_", "", StringComparison.Ordinal), Styles, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static int NextSpace(string text, int at)
    {
        for (var i = at; i < text.Length; i++)
        {
            if (Spaces.IsSpace(text[i]))
                return i;
        }

        return -1;
    }

    private static int LastSpace(string text, int end)
    {
        for (var i = end - 1; i >= 0; i--)
        {
            if (Spaces.IsSpace(text[i]) && Spaces.EndWithout(text[..i]) > 0)
                return i;
        }

        return -1;
    }
}
