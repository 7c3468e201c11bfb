using System.Globalization;
using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.PreTokenizers;

/// <summary>
/// Cuts a text into what byte-level BPE looks at one by one: contractions, words, numbers and signs, each with one space before it, and white space (the expression of GPT-2 and RoBERTa).
/// Works on code points: a .NET expression sees letters beyond the basic plane as two surrogates, which are no letters.
/// </summary>
internal sealed class ByteLevelCutter : PieceCutter
{
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private enum Kind
    {
        Space,
        Letter,
        Number,
        Sign,
    }

    protected override void Cut(ReadOnlySpan<char> piece, int start, List<Piece> pieces)
    {
        while (piece.Length > 0)
        {
            var length = NextLength(piece);
            pieces.Add(new Piece(start, start + length));
            start += length;
            piece = piece[length..];
        }
    }

    private static int NextLength(ReadOnlySpan<char> text)
    {
        foreach (var contraction in text[0] == '\'' ? Contractions : [])
        {
            if (text.StartsWith(contraction, StringComparison.Ordinal))
                return contraction.Length;
        }

        var start = text[0] == ' ' && text.Length > 1 ? 1 : 0;
        if (KindAt(text[start..]) is not Kind.Space and var kind)
            return start + RunLength(text[start..], kind);
        var spaces = RunLength(text, Kind.Space);
        // The last space before a word belongs to the word, whatever kind of space it is: only a plain one is then included.
        return spaces == text.Length || spaces == 1 ? spaces : spaces - 1;
    }

    private static int RunLength(ReadOnlySpan<char> text, Kind kind)
    {
        var length = 0;
        while (length < text.Length && KindAt(text[length..]) == kind)
            length += Width(text[length..]);
        return length;
    }

    private static int Width(ReadOnlySpan<char> text)
    {
        _ = Rune.DecodeFromUtf16(text, out _, out var width);
        return width;
    }

    private static Kind KindAt(ReadOnlySpan<char> text)
    {
        if (char.IsAsciiLetter(text[0]))
            return Kind.Letter;
        _ = Rune.DecodeFromUtf16(text, out var rune, out _);
        return Rune.IsWhiteSpace(rune) ? Kind.Space : Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Sign,
        };
    }
}
