using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace AdaLora.Transformers.Tokenization.Pipeline;

/// <summary>
/// Writes an expression of tokenizer.json, in the dialect of Oniguruma, for .NET: possessive quantifiers become atomic groups, \w has all marks, ^ and $ stand at lines, letters without case
/// have those forms that only Unicode has, and classes within classes are taken apart. What is not known is refused.
/// </summary>
internal sealed class RegexTranslation
{
    /// <summary>Expressions come from files, and groups within groups take up the stack.</summary>
    private const int MostNested = 50;

    private const string Word = @"\p{L}\p{M}\p{Nd}\p{Pc}";

    private readonly string _pattern;
    private int _at;
    private int _nested;

    private RegexTranslation(string pattern) => _pattern = pattern;

    private bool IsAtEnd => _at >= _pattern.Length;

    /// <exception cref="NotSupportedException">The expression has something that is not supported.</exception>
    /// <exception cref="FormatException">It is not an expression.</exception>
    public static string Of(string pattern)
    {
        var translation = new RegexTranslation(pattern);
        var translated = translation.Alternatives(ignoreCase: false);
        return translation.IsAtEnd ? translated : throw new FormatException($"it has a ')' at {translation._at} that closes nothing");
    }

    private string Alternatives(bool ignoreCase)
    {
        var result = new StringBuilder();
        while (!IsAtEnd && _pattern[_at] != ')')
            _ = result.Append(Take('|') ? "|" : Quantified(Atom(ignoreCase)));
        return result.ToString();
    }

    private string Atom(bool ignoreCase)
    {
        var c = _pattern[_at++];
        return c switch
        {
            '(' => Group(ignoreCase),
            '[' => $"[{(Take('^') ? "^" : "")}{ClassMembers()}]",
            '.' => ".",
            '^' => "(?m:^)",
            '$' => "(?m:$)",
            '\\' => Escape(inClass: false),
            '*' or '+' or '?' => throw new FormatException($"it has a '{c}' at {_at - 1} that repeats nothing"),
            _ => Letter(c, ignoreCase),
        };
    }

    private static string Letter(char c, bool ignoreCase) => (ignoreCase ? char.ToLowerInvariant(c) : '\0') switch
    {
        's' => "[sS\u017F]",
        'k' => "[kK\u212A]",
        _ => Regex.Escape(Basic(c).ToString()),
    };

    private string Group(bool ignoreCase)
    {
        var open = _at - 1;
        string? opening = null;
        foreach (var (known, written) in new[] { ("?:", "(?:"), ("?i:", "(?i:"), ("?=", "(?="), ("?!", "(?!"), ("?<=", "(?<="), ("?<!", "(?<!"), ("?>", "(?>") })
        {
            if (opening is null && string.CompareOrdinal(_pattern, _at, known, 0, known.Length) == 0)
            {
                opening = written;
                _at += known.Length;
            }
        }

        if (opening is null && !IsAtEnd && _pattern[_at] == '?')
            throw new NotSupportedException($"it has the group '{_pattern.Substring(open, Math.Min(4, _pattern.Length - open))}'");
        Enter();
        var content = Alternatives(ignoreCase || opening == "(?i:");
        _nested--;
        return Take(')') ? $"{opening ?? "(?:"}{content})" : throw new FormatException($"the group at {open} is not closed");
    }

    // A quantifier may follow another one, and then repeats what that one made. After ?, * and + a further + is a sign of possession.
    private string Quantified(string atom)
    {
        for (var isFirst = true; !IsAtEnd; isFirst = false)
        {
            var quantifier = Regex.Match(_pattern[_at..], @"^(?:[?*+]|\{[0-9]+(?:,[0-9]*)?\}|\{,[0-9]+\})", RegexOptions.CultureInvariant).Value;
            if (quantifier.Length == 0)
                return atom;
            _at += quantifier.Length;
            var written = quantifier.StartsWith("{,", StringComparison.Ordinal) ? $"{{0{quantifier[1..]}" : quantifier;
            atom = isFirst ? atom : $"(?:{atom})";
            if (Take('?'))
                atom = $"{atom}{written}?";
            else if (quantifier.Length == 1 && Take('+'))
                atom = $"(?>{atom}{written})";
            else
                atom = $"{atom}{written}";
        }

        return atom;
    }

    private string ClassMembers()
    {
        var open = _at - 1;
        var members = new StringBuilder();
        for (var isFirst = true; ; isFirst = false)
        {
            if (IsAtEnd)
                throw new FormatException($"the class at {open} is not closed");
            var c = _pattern[_at++];
            if (c == ']' && !isFirst)
                return members.ToString();
            if (c == '&' && Take('&'))
                throw new NotSupportedException("it has an intersection of classes ('&&')");
            if (c == '[')
                _ = members.Append(Nested());
            else if (c == '\\')
                _ = members.Append(Escape(inClass: true));
            else
                _ = members.Append(c == '-' && !isFirst && !IsAtEnd && _pattern[_at] != ']' ? "-" : InClass(c));
        }
    }

    private string Nested()
    {
        if (!IsAtEnd && _pattern[_at] is '^' or ':')
            throw new NotSupportedException($"it has the class '[{_pattern[_at]}' within another one");
        Enter();
        var members = ClassMembers();
        _nested--;
        return members;
    }

    private void Enter()
    {
        if (++_nested > MostNested)
            throw new NotSupportedException($"it has more than {MostNested} groups or classes within each other");
    }

    private string Escape(bool inClass)
    {
        if (IsAtEnd)
            throw new FormatException("it ends with a backslash");
        var c = _pattern[_at++];
        switch (c)
        {
            case 'p' or 'P':
                return Category(c);
            case 's' or 'S' or 'd' or 'D' or 'n' or 'r' or 't' or 'f' or 'v':
                return $@"\{c}";
            case 'w':
                return inClass ? Word : $"[{Word}]";
            case 'W' when !inClass:
                return $"[^{Word}]";
            case 'A' or 'z' when !inClass:
                return $@"\{c}";
            case 'x' or 'u':
                return CodePoint(c, inClass);
            case var letter when char.IsAsciiLetterOrDigit(letter):
                throw new NotSupportedException($@"it has '\{letter}'");
            default:
                return inClass ? InClass(c) : Regex.Escape(Basic(c).ToString());
        }
    }

    private string Category(char kind)
    {
        var match = Regex.Match(_pattern[_at..], @"^\{(\^?)(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cfson]?)\}", RegexOptions.CultureInvariant);
        var named = _pattern.IndexOf('}', _at) is >= 0 and var end ? _pattern[_at..(end + 1)] : "";
        if (!match.Success)
            throw new NotSupportedException($@"it has '\{kind}{named}'; only general categories such as \p{{L}} or \p{{Nd}} are supported");
        _at += match.Length;
        return $@"\{(match.Groups[1].Length > 0 ? (kind == 'p' ? 'P' : 'p') : kind)}{{{match.Groups[2].Value}}}";
    }

    private string CodePoint(char kind, bool inClass)
    {
        var match = Regex.Match(_pattern[_at..], kind == 'x' ? @"^(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))" : "^([0-9A-Fa-f]{4})", RegexOptions.CultureInvariant);
        if (!match.Success)
            throw new FormatException($@"it has '\{kind}' at {_at - 2} without a number of a character");
        _at += match.Length;
        var value = int.Parse(match.Groups[1].Length > 0 ? match.Groups[1].Value : match.Groups[2].Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        if (value > char.MaxValue)
            throw new NotSupportedException($"it names the character U+{value:X}, which is beyond the basic plane");
        return inClass ? InClass((char)value) : Regex.Escape(Basic((char)value).ToString());
    }

    private static string InClass(char c) => c is '\\' or '[' or ']' or '^' or '-' ? $@"\{c}" : Basic(c).ToString();

    private static char Basic(char c) => char.IsSurrogate(c) ? throw new NotSupportedException("it names a character beyond the basic plane") : c;

    private bool Take(char c)
    {
        if (IsAtEnd || _pattern[_at] != c)
            return false;
        _at++;
        return true;
    }
}
