using System.Globalization;
using System.Text;

namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>How texts are cut into what ROUGE counts.</summary>
/// <param name="name">The name, which is reported beside the scores.</param>
/// <param name="tokens">A text to its tokens.</param>
internal sealed class RougeTokenizer(string name, Func<string, IEnumerable<string>> tokens)
{
    /// <summary>Runs of a to z and 0 to 9, with stemming of words above three letters: that of published scores. Letters of other scripts, and with accents, are not seen.</summary>
    public static RougeTokenizer Stemmed { get; } = new("latin-stemmed", text => Latin(text).Select(word => word.Length > 3 ? PorterStemmer.Stem(word) : word));

    /// <summary>The same without stemming.</summary>
    public static RougeTokenizer Plain { get; } = new("latin", Latin);

    /// <summary>Runs of letters, marks and digits of any script; each character of scripts without spaces by itself.</summary>
    public static RougeTokenizer Unicode { get; } = new("unicode", AnyScript);

    public static IReadOnlyList<RougeTokenizer> All { get; } = [Stemmed, Plain, Unicode];

    public string Name => name;

    /// <summary>The usual one, unless it does not see anything of a text that has letters or digits: then the one for any script.</summary>
    /// <param name="references">The texts that others are compared with.</param>
    public static RougeTokenizer For(IEnumerable<string> references) => references.Any(text => !Latin(text).Any() && AnyScript(text).Any()) ? Unicode : Stemmed;

    public IReadOnlyList<string> Tokens(string text) => [.. tokens(text)];

    private static IEnumerable<string> Latin(string text)
    {
        var word = new StringBuilder();
        // The dotted capital I is i and a mark in lower case; the invariant rules leave it as it is.
        foreach (var unit in text.Replace("İ", "i\u0307", StringComparison.Ordinal).ToLowerInvariant())
        {
            if (unit is (>= 'a' and <= 'z') or (>= '0' and <= '9'))
            {
                _ = word.Append(unit);
            }
            else if (word.Length > 0)
            {
                yield return word.ToString();
                _ = word.Clear();
            }
        }

        if (word.Length > 0)
            yield return word.ToString();
    }

    private static IEnumerable<string> AnyScript(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.ToLowerInvariant().EnumerateRunes())
        {
            var standsAlone = StandsAlone(rune);
            if ((standsAlone || !IsOfWord(rune)) && word.Length > 0)
            {
                yield return word.ToString();
                _ = word.Clear();
            }

            if (standsAlone)
                yield return rune.ToString();
            else if (IsOfWord(rune))
                _ = word.Append(rune.ToString());
        }

        if (word.Length > 0)
            yield return word.ToString();
    }

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    // Ideographs, kana, and letters of Thai, Lao, Khmer and Burmese.
    private static bool StandsAlone(Rune rune) => rune.Value is (>= 0x2E80 and <= 0x2FDF) or (>= 0x3040 and <= 0x30FF) or (>= 0x31F0 and <= 0x31FF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF)
        or (>= 0x0E01 and <= 0x0E33) or (>= 0x0E81 and <= 0x0EB3) or (>= 0x1780 and <= 0x17B3) or (>= 0x1000 and <= 0x102A);
}
