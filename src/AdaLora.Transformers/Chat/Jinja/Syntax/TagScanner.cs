using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Chat.Jinja.Syntax;

/// <summary>Reads the tokens of one tag.</summary>
/// <param name="source">The template.</param>
/// <param name="at">Where the content of the tag begins.</param>
/// <param name="placeOf">The place of an index.</param>
/// <param name="begin">Where the tag begins.</param>
internal sealed class TagScanner(string source, int at, Func<int, Place> placeOf, Place begin)
{
    private static readonly string[] Signs =
        ["==", "!=", "<=", ">=", "//", "**", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "|"];

    /// <summary>Behind the last token, or at the end of the tag.</summary>
    public int At { get; private set; } = at;

    /// <param name="end">What closes the tag.</param>
    /// <param name="canEnd">Whether it may be closed here.</param>
    /// <returns>The next token, or null at the end of the tag.</returns>
    public Token? Next(string end, bool canEnd)
    {
        At = Spaces.Skip(source, At);
        if (At >= source.Length)
            throw begin.Fault("this tag is not closed");
        if (canEnd && (Continues(end, At) || (source[At] is '-' or '+' && Continues(end, At + 1))))
            return null;
        var (first, c) = (At, source[At]);
        if (c is '\'' or '"')
            return new Token(TokenKind.Text, ReadString(c), placeOf(first));
        if (char.IsAsciiDigit(c))
            return ReadNumber();
        if (char.IsLetter(c) || c == '_')
        {
            while (At < source.Length && (char.IsLetterOrDigit(source[At]) || source[At] == '_'))
                At++;
            return new Token(TokenKind.Name, source[first..At], placeOf(first));
        }

        var sign = Signs.FirstOrDefault(s => Continues(s, first)) ?? throw placeOf(first).Fault($"'{c}' has no meaning here");
        At += sign.Length;
        return new Token(TokenKind.Sign, sign, placeOf(first));
    }

    private bool Continues(string text, int index) => string.CompareOrdinal(source, index, text, 0, text.Length) == 0;

    private Token ReadNumber()
    {
        var first = At;
        SkipDigits();
        var isFloat = false;
        if (At + 1 < source.Length && source[At] == '.' && char.IsAsciiDigit(source[At + 1]))
        {
            isFloat = true;
            At++;
            SkipDigits();
        }

        if (At < source.Length && source[At] is 'e' or 'E')
        {
            var digits = At + 1 < source.Length && source[At + 1] is '-' or '+' ? At + 2 : At + 1;
            if (digits < source.Length && char.IsAsciiDigit(source[digits]))
            {
                isFloat = true;
                At = digits;
                SkipDigits();
            }
        }

        if (At < source.Length && char.IsLetter(source[At]))
            throw placeOf(first).Fault("only decimal numbers are supported");
        return new Token(isFloat ? TokenKind.Float : TokenKind.Integer, source[first..At].Replace("_", "", StringComparison.Ordinal), placeOf(first));
    }

    private void SkipDigits()
    {
        while (At < source.Length && (char.IsAsciiDigit(source[At]) || source[At] == '_'))
            At++;
    }

    // Escapes as in Python; an unknown one stands for itself.
    private string ReadString(char quote)
    {
        var (first, text) = (At++, new StringBuilder());
        while (true)
        {
            if (At >= source.Length)
                throw placeOf(first).Fault("this string is not closed");
            var c = source[At++];
            if (c == quote)
                return text.ToString();
            if (c == '\\' && At < source.Length)
                ReadEscape(text);
            else
                text.Append(c);
        }
    }

    private void ReadEscape(StringBuilder text)
    {
        var (first, c) = (At - 1, source[At++]);
        switch (c)
        {
            case '\n':
                break;
            case 'x':
                AppendCode(text, first, 2);
                break;
            case 'u':
                AppendCode(text, first, 4);
                break;
            case 'U':
                AppendCode(text, first, 8);
                break;
            case >= '0' and <= '7':
                var value = c - '0';
                for (var i = 0; i < 2 && At < source.Length && source[At] is >= '0' and <= '7'; i++)
                    value = (value * 8) + source[At++] - '0';
                text.Append((char)value);
                break;
            default:
                var index = "\\'\"abfnrtv".IndexOf(c, StringComparison.Ordinal);
                if (index < 0)
                    text.Append('\\').Append(c);
                else
                    text.Append("\\'\"\a\b\f\n\r\t\v"[index]);
                break;
        }
    }

    private void AppendCode(StringBuilder text, int first, int digits)
    {
        if (At + digits > source.Length
            || !int.TryParse(source.AsSpan(At, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || code is < 0 or > 0x10FFFF)
        {
            throw placeOf(first).Fault($"an escape '\\{source[first + 1]}' needs {digits} hexadecimal digits of a character");
        }

        At += digits;
        if (code is >= 0xD800 and <= 0xDFFF || code <= char.MaxValue)
            text.Append((char)code);
        else
            text.Append(char.ConvertFromUtf32(code));
    }
}
