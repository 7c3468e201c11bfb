using System.Text;

namespace AdaLora.Tests.Architecture;

/// <summary>C# without comments and strings. The expressions in interpolated strings are kept.</summary>
internal static class CodeText
{
    public static string Of(string source)
    {
        var code = new StringBuilder(source.Length);
        Copy(source, 0, code, isHole: false);
        return code.ToString();
    }

    // Copies code until the source, or the interpolation that it is in, ends; returns the position after it.
    private static int Copy(string source, int at, StringBuilder code, bool isHole)
    {
        var depth = 0;
        while (at < source.Length)
        {
            if (At(source, at, "//"))
            {
                at = IndexOrEnd(source, "\n", at);
            }
            else if (At(source, at, "/*"))
            {
                at = IndexOrEnd(source, "*/", at) + 2;
            }
            else if (source[at] == '\'')
            {
                at = BehindCharacter(source, at);
            }
            else if (StartOfText(source, at) is { } text)
            {
                at = text.IsRaw ? CopyRaw(source, at, text, code) : CopyText(source, at, text, code);
                code.Append(' ');
            }
            else
            {
                depth += source[at] == '{' ? 1 : source[at] == '}' ? -1 : 0;
                if (isHole && depth < 0)
                    return at;
                code.Append(source[at++]);
            }
        }

        return at;
    }

    private static (int Dollars, bool IsVerbatim, bool IsRaw, int Quotes)? StartOfText(string source, int at)
    {
        var quote = at;
        while (quote < source.Length && source[quote] is '$' or '@')
            quote++;
        if (quote >= source.Length || source[quote] != '"')
            return null;
        var prefix = source[at..quote];
        var quotes = source[quote..].TakeWhile(c => c == '"').Count();
        return (prefix.Count(c => c == '$'), prefix.Contains('@', StringComparison.Ordinal), quotes >= 3, quotes);
    }

    private static int CopyRaw(string source, int at, (int Dollars, bool IsVerbatim, bool IsRaw, int Quotes) text, StringBuilder code)
    {
        var (open, close) = (new string('{', text.Dollars), new string('"', text.Quotes));
        at = source.IndexOf('"', at) + text.Quotes;
        while (at < source.Length && !At(source, at, close))
        {
            if (text.Dollars > 0 && At(source, at, open))
                at = Copy(source, at + text.Dollars, code.Append(' '), isHole: true) + text.Dollars;
            else
                at++;
        }

        return at + text.Quotes;
    }

    private static int CopyText(string source, int at, (int Dollars, bool IsVerbatim, bool IsRaw, int Quotes) text, StringBuilder code)
    {
        at = source.IndexOf('"', at) + 1;
        while (at < source.Length)
        {
            if (text.Dollars > 0 && source[at] == '{' && !At(source, at, "{{"))
                at = Copy(source, at + 1, code.Append(' '), isHole: true) + 1;
            else if (At(source, at, "{{") || (text.IsVerbatim && At(source, at, "\"\"")) || (!text.IsVerbatim && source[at] == '\\'))
                at += 2;
            else if (source[at++] == '"')
                return at;
        }

        return at;
    }

    private static int BehindCharacter(string source, int at)
    {
        at += source[at + 1] == '\\' ? 3 : 2;
        return IndexOrEnd(source, "'", at) + 1;
    }

    private static bool At(string source, int at, string what) => string.CompareOrdinal(source, at, what, 0, what.Length) == 0;

    private static int IndexOrEnd(string source, string what, int at) => source.IndexOf(what, at, StringComparison.Ordinal) is >= 0 and var found ? found : source.Length;
}
