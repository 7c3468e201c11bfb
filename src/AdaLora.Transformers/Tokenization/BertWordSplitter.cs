using System.Globalization;
using System.Text;

namespace AdaLora.Transformers.Tokenization;

/// <summary>
/// Cleans a text in the way that BERT was trained on and splits it into words. Written out here because the library's own normaliser keeps Hangul composed, counts UTF-16 units,
/// splits on symbols that BERT keeps and drops characters that BERT keeps. The steps, per character: drop NUL, U+FFFD, control, format and private-use
/// characters (but not tab and line ends); put CJK ideographs on their own; decompose (NFD) and drop non-spacing marks; lower-case; cut at white space and around punctuation.
/// </summary>
internal sealed class BertWordSplitter(bool lowerCase, bool stripAccents, bool separateIdeographs, bool cleanText)
{
    // Lower-case and decomposed forms of characters outside ASCII, instead of a normalisation call for each.
    private readonly string?[] _forms = new string?[char.MaxValue + 1];

    public delegate void WordAction(ReadOnlySpan<char> word, int codePoints);

    /// <summary>Throws if the runtime can't decompose characters, instead of silently producing different tokens.</summary>
    /// <exception cref="PlatformNotSupportedException">The runtime is in globalization-invariant mode, or lacks ICU.</exception>
    public static void RequireUnicodeData()
    {
        if ("é".Normalize(NormalizationForm.FormD).Length != 2)
            throw new PlatformNotSupportedException("Stripping accents needs Unicode normalisation: install ICU (libicu) and turn the globalization-invariant mode off.");
    }

    /// <summary>The text before it is cut into words: cleaned, in lower case, without accents, as far as the settings say, and with spaces around ideographs.</summary>
    public string Normalize(ReadOnlySpan<char> text)
    {
        var result = new StringBuilder(text.Length);
        while (!text.IsEmpty)
        {
            _ = Rune.DecodeFromUtf16(text, out var rune, out var consumed);
            text = text[consumed..];
            if (cleanText && IsDropped(rune))
                continue;
            if (cleanText && Rune.IsWhiteSpace(rune))
                _ = result.Append(' ');
            else if (separateIdeographs && IsIdeograph(rune.Value))
                _ = result.Append(' ').Append(Form(rune)).Append(' ');
            else
                _ = result.Append(Form(rune));
        }
        return result.ToString();
    }

    /// <summary>Calls <paramref name="onWord"/> for each word with its length in code points.</summary>
    public void Split(ReadOnlySpan<char> text, WordAction onWord)
    {
        var word = new Word(onWord);
        while (!text.IsEmpty)
        {
            // A lone surrogate decodes as U+FFFD, which cleaning drops.
            _ = Rune.DecodeFromUtf16(text, out var rune, out var consumed);
            text = text[consumed..];
            if (cleanText && IsDropped(rune))
                continue;
            if (Rune.IsWhiteSpace(rune))
                word.Finish();
            else if (rune.IsAscii)
                Add(word, lowerCase ? Rune.ToLowerInvariant(rune) : rune);
            else
                AddForm(word, rune);
        }
        word.Finish();
    }

    private void AddForm(Word word, Rune rune)
    {
        var ideograph = separateIdeographs && IsIdeograph(rune.Value);
        if (ideograph)
            word.Finish();
        foreach (var part in Form(rune).EnumerateRunes())
            Add(word, part);
        if (ideograph)
            word.Finish();
    }

    private static void Add(Word word, Rune rune)
    {
        if (!IsPunctuation(rune))
        {
            word.Add(rune);
            return;
        }
        word.Finish();
        word.Add(rune);
        word.Finish();
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

    private static bool IsDropped(Rune rune)
    {
        if (rune.IsAscii)
            return (rune.Value < ' ' && rune.Value is not ('\t' or '\n' or '\r')) || rune.Value == 0x7F;
        return rune.Value == 0xFFFD || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
    }

    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii ? rune.Value is > ' ' and < 0x7F && !char.IsAsciiLetterOrDigit((char)rune.Value) : Rune.IsPunctuation(rune);

    // The ranges of the reference, which begins extension E at 2B920 instead of 2B820.
    private static bool IsIdeograph(int value) => value
        is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0xF900 and <= 0xFAFF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);

    private sealed class Word(WordAction onWord)
    {
        private char[] _buffer = new char[64];
        private int _length;
        private int _codePoints;

        public void Add(Rune rune)
        {
            if (_length + 2 > _buffer.Length)
                Array.Resize(ref _buffer, 2 * _buffer.Length);
            _length += rune.EncodeToUtf16(_buffer.AsSpan(_length));
            _codePoints++;
        }

        public void Finish()
        {
            if (_length > 0)
                onWord(_buffer.AsSpan(0, _length), _codePoints);
            _length = _codePoints = 0;
        }
    }
}
