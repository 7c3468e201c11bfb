using System.Globalization;
using System.Text;
using AdaLora.Transformers.Tokenization.Pipeline;

namespace AdaLora.Transformers.Tokenization.Normalizers;

/// <summary>
/// Cleans a text in the way that BERT was trained on. The steps, per character: drop NUL, U+FFFD, control, format and private-use characters (but not tab and line ends), and make white space
/// plain spaces; put spaces around CJK ideographs; decompose (NFD) and drop non-spacing marks; lower-case.
/// </summary>
internal sealed class BertNormalizer(bool lowerCase, bool stripAccents, bool separateIdeographs, bool cleanText) : TextNormalizer
{
    // Lower-case and decomposed forms of characters outside ASCII, instead of a normalisation call for each.
    private readonly string?[] _forms = stripAccents ? UnicodeData.Require(new string?[char.MaxValue + 1]) : new string?[char.MaxValue + 1];

    public override bool Apply(AlignedText text, AlignedText result)
    {
        result.Clear(text.Origin);
        var span = text.Span;
        for (var i = 0; i < span.Length;)
        {
            var (start, end) = (text.StartOf(i), text.EndOf(i));
            if (char.IsAscii(span[i]))
            {
                AppendAscii(result, span[i++], start, end);
                continue;
            }

            _ = Rune.DecodeFromUtf16(span[i..], out var rune, out var width);
            i += width;
            if (cleanText && IsDropped(rune))
                continue;
            if (cleanText && Rune.IsWhiteSpace(rune))
            {
                result.Append(' ', start, end);
                continue;
            }

            var isAlone = separateIdeographs && IsIdeograph(rune.Value);
            if (isAlone)
                result.Append(' ', start, end);
            result.Append(Form(rune), start, end);
            if (isAlone)
                result.Append(' ', start, end);
        }

        return true;
    }

    private void AppendAscii(AlignedText result, char character, int start, int end)
    {
        if (cleanText && (character < ' ' || character == 0x7F))
        {
            if (character is '\t' or '\n' or '\r')
                result.Append(' ', start, end);
            return;
        }

        result.Append(lowerCase ? char.ToLowerInvariant(character) : character, start, end);
    }

    // Marks of neighbouring characters would be put into canonical order by normalising the whole text; that order is never seen, because the marks are dropped.
    private string Form(Rune rune)
    {
        if (!rune.IsBmp)
            return MakeForm(rune);
        return _forms[rune.Value] ??= MakeForm(rune);
    }

    private string MakeForm(Rune rune)
    {
        var text = rune.ToString();
        var result = new StringBuilder();
        foreach (var part in (stripAccents ? text.Normalize(NormalizationForm.FormD) : text).EnumerateRunes())
        {
            if (stripAccents && Rune.GetUnicodeCategory(part) == UnicodeCategory.NonSpacingMark)
                continue;
            if (lowerCase)
                LetterCase.AppendLower(result, part);
            else
                _ = result.Append(part);
        }
        return result.ToString();
    }

    private static bool IsDropped(Rune rune) =>
        rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    // The ranges of the reference, which begins extension E at 2B920 instead of 2B820.
    private static bool IsIdeograph(int value) => value
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);
}
