using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>
/// Finds what an expression of tokenizer.json describes. .NET's expressions see characters beyond the basic plane as two surrogates, which are neither letters nor anything else: before such a
/// text is searched, each of these characters is replaced by one of the basic plane of the same category, which is all that the supported expressions can tell them apart by.
/// </summary>
internal sealed class RegexPattern : TextPattern
{
    /// <summary>Expressions come from files; one that takes this long for a text is not meant well.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    // The first character of each category from U+A000 on, where expressions name no ranges, or else the first of all.
    private static readonly char[] StandIns =
        [.. Enum.GetValues<UnicodeCategory>().Select(category => Enumerable.Range(0xA000, char.MaxValue - 0xA000).Concat(Enumerable.Range(0, 0xA000)).Select(value => (char)value)
            .FirstOrDefault(c => char.GetUnicodeCategory(c) == category))];

    private readonly Regex _regex;

    /// <exception cref="NotSupportedException">The expression has something that is not supported.</exception>
    /// <exception cref="FormatException">It is not an expression.</exception>
    public RegexPattern(string expression)
    {
        var translated = RegexTranslation.Of(expression);
        try
        {
            _regex = new Regex(translated, RegexOptions.CultureInvariant | RegexOptions.Compiled, Limit);
        }
        catch (ArgumentException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    public override IReadOnlyList<(int Start, int End)> Find(ReadOnlySpan<char> text)
    {
        var matches = new List<(int, int)>();
        if (!text.ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            foreach (var match in _regex.EnumerateMatches(text))
                matches.Add((match.Index, match.Index + match.Length));
            return matches;
        }

        var plain = new StringBuilder(text.Length);
        var places = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length;)
        {
            places.Add(i);
            _ = Rune.DecodeFromUtf16(text[i..], out var rune, out var width);
            _ = plain.Append(rune.IsBmp ? (char)rune.Value : StandIns[(int)Rune.GetUnicodeCategory(rune)]);
            i += width;
        }

        places.Add(text.Length);
        foreach (var match in _regex.EnumerateMatches(plain.ToString()))
            matches.Add((places[match.Index], places[match.Index + match.Length]));
        return matches;
    }
}
