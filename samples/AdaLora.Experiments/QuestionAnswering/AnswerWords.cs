using System.Globalization;
using System.Text;

namespace AdaLora.Experiments.QuestionAnswering;

/// <summary>The words of an answer as the official SQuAD scripts see them: in lower case, without punctuation and articles.</summary>
internal static class AnswerWords
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    private static readonly string[] Articles = ["a", "an", "the"];

    /// <summary>The words, in order.</summary>
    public static IReadOnlyList<string> Of(string answer)
    {
        var kept = new StringBuilder(answer.Length);
        foreach (var unit in Lower(answer))
        {
            if (!Punctuation.Contains(unit))
                _ = kept.Append(unit);
        }

        return SplitAtSpaces(WithoutArticles(kept.ToString()));
    }

    /// <summary>The words joined by single spaces; two answers are the same if these are.</summary>
    public static string Normalize(string answer) => string.Join(' ', Of(answer));

    // Python's lower case: one character may become two, and a sigma at the end of a word has a form of its own.
    private static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        var runes = text.EnumerateRunes().ToArray();
        for (var i = 0; i < runes.Length; i++)
        {
            _ = runes[i].Value switch
            {
                'İ' => lower.Append("i\u0307"),
                'Σ' when EndsWord(runes, i) => lower.Append('ς'),
                _ => lower.Append(Rune.ToLowerInvariant(runes[i])),
            };
        }

        return lower.ToString();
    }

    private static bool EndsWord(Rune[] runes, int sigma) => BeginsWithLetter(runes.Take(sigma).Reverse()) && !BeginsWithLetter(runes.Skip(sigma + 1));

    private static bool BeginsWithLetter(IEnumerable<Rune> runes) => runes.SkipWhile(IsIgnoredInWords).Select(Rune.IsLetter).FirstOrDefault();

    private static bool IsIgnoredInWords(Rune rune) => rune.Value is '\'' or '.' or ':' or '·' or '’' || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    // A word, for an article, is a run of letters and digits: a mark on a letter ends it, as for Python's expressions.
    private static string WithoutArticles(string text)
    {
        var result = new StringBuilder(text.Length);
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsOfWord(rune))
            {
                _ = word.Append(rune);
                continue;
            }

            Flush();
            _ = result.Append(rune);
        }

        Flush();
        return result.ToString();

        void Flush()
        {
            var found = word.ToString();
            _ = result.Append(Articles.Contains(found) ? " " : found);
            _ = word.Clear();
        }
    }

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static List<string> SplitAtSpaces(string text)
    {
        var words = new List<string>();
        var start = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !IsSpace(text[i]))
                continue;
            if (i > start)
                words.Add(text[start..i]);
            start = i + 1;
        }

        return words;
    }

    // Python also splits at the four separators among the control characters.
    private static bool IsSpace(char unit) => char.IsWhiteSpace(unit) || unit is >= '\u001C' and <= '\u001F';
}
