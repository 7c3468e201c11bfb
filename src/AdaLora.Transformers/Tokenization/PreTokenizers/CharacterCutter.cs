using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>Cuts at certain characters, each of which is a delimiter.</summary>
internal sealed class CharacterCutter(Func<Rune, bool> isDelimiter, SplitBehavior behavior) : DelimiterCutter(behavior)
{
    public static CharacterCutter WhiteSpace { get; } = new(Rune.IsWhiteSpace, SplitBehavior.Removed);

    public static CharacterCutter Punctuation(SplitBehavior behavior) => new(IsPunctuation, behavior);

    public static CharacterCutter Digits(bool individually) => new(IsNumeric, individually ? SplitBehavior.Isolated : SplitBehavior.Contiguous);

    /// <summary>All symbols of ASCII, and what Unicode calls punctuation.</summary>
    public static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value is > ' ' and < 0x7F && !char.IsAsciiLetterOrDigit((char)rune.Value) : Rune.IsPunctuation(rune);

    protected override IReadOnlyList<(int Start, int End)> FindDelimiters(ReadOnlySpan<char> text)
    {
        var found = new List<(int, int)>();
        for (var i = 0; i < text.Length;)
        {
            _ = Rune.DecodeFromUtf16(text[i..], out var rune, out var width);
            if (isDelimiter(rune))
                found.Add((i, i + width));
            i += width;
        }

        return found;
    }

    private static bool IsNumeric(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
}
