namespace AdaLora.Experiments.Metrics.Texts;

/// <summary>
/// Cuts the endings off English words (Porter, 1980), in the variant of NLTK, which published ROUGE scores use: some irregular words, 'ies' and 'ied' of short words, and other rules for 'alli',
/// 'fulli' and 'logi'.
/// </summary>
internal static class PorterStemmer
{
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["sky"] = "sky",
        ["skies"] = "sky",
        ["dying"] = "die",
        ["lying"] = "lie",
        ["tying"] = "tie",
        ["news"] = "news",
        ["innings"] = "inning",
        ["inning"] = "inning",
        ["outings"] = "outing",
        ["outing"] = "outing",
        ["cannings"] = "canning",
        ["canning"] = "canning",
        ["howe"] = "howe",
        ["proceed"] = "proceed",
        ["exceed"] = "exceed",
        ["succeed"] = "succeed",
    };

    private static readonly (string Ending, string Replacement)[] Step1a = [("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", "")];

    private static readonly (string Ending, string Replacement)[] Step2 =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
        ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"),
        ("biliti", "ble"), ("fulli", "ful"),
    ];

    private static readonly (string Ending, string Replacement)[] Step3 =
        [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] Step4 =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>The stem of a word in lower case.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var stem))
            return stem;
        return word.Length <= 2 ? word : CutLast(CutFourth(Replace(CutSecond(CutY(CutPast(CutPlural(word)))), Step3, HasMeasure)));
    }

    private static string CutPlural(string word) =>
        word.Length == 4 && Ends(word, "ies") ? word[..^1] : Replace(word, Step1a, _ => true);

    private static string CutPast(string word)
    {
        if (Ends(word, "ied"))
            return word.Length == 4 ? word[..^1] : word[..^2];
        if (Ends(word, "eed"))
            return HasMeasure(word[..^3]) ? word[..^1] : word;
        var stem = ((string[])["ed", "ing"]).Where(ending => Ends(word, ending)).Select(ending => word[..^ending.Length]).FirstOrDefault(HasVowel);
        if (stem is null)
            return word;
        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz"))
            return stem + "e";
        if (EndsInDoubleConsonant(stem))
            return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    private static string CutY(string word) => word.Length > 2 && Ends(word, "y") && IsConsonant(word, word.Length - 2) ? word[..^1] + "i" : word;

    private static string CutSecond(string word)
    {
        if (Ends(word, "alli") && HasMeasure(word[..^4]))
            return CutSecond(word[..^2]);
        // The l counts as a part of the stem.
        if (Ends(word, "logi") && !Step2.Any(rule => Ends(word, rule.Ending)))
            return HasMeasure(word[..^3]) ? word[..^1] : word;
        return Replace(word, Step2, HasMeasure);
    }

    private static string CutFourth(string word)
    {
        var ending = Step4.FirstOrDefault(ending => Ends(word, ending));
        if (ending is null)
            return word;
        var stem = word[..^ending.Length];
        return Measure(stem) > 1 && (ending != "ion" || stem[^1] is 's' or 't') ? stem : word;
    }

    private static string CutLast(string word)
    {
        if (Ends(word, "e") && (Measure(word[..^1]) > 1 || (Measure(word[..^1]) == 1 && !EndsShort(word[..^1]))))
            word = word[..^1];
        return Ends(word, "ll") && Measure(word[..^1]) > 1 ? word[..^1] : word;
    }

    // The first rule whose ending fits decides, whether or not its condition holds.
    private static string Replace(string word, (string Ending, string Replacement)[] rules, Func<string, bool> condition)
    {
        foreach (var (ending, replacement) in rules)
        {
            if (Ends(word, ending))
                return condition(word[..^ending.Length]) ? word[..^ending.Length] + replacement : word;
        }

        return word;
    }

    private static bool Ends(string word, string ending) => word.EndsWith(ending, StringComparison.Ordinal);

    private static bool IsConsonant(string word, int place) => word[place] switch
    {
        'a' or 'e' or 'i' or 'o' or 'u' => false,
        'y' => place == 0 || !IsConsonant(word, place - 1),
        _ => true,
    };

    private static bool HasVowel(string stem) => Enumerable.Range(0, stem.Length).Any(place => !IsConsonant(stem, place));

    private static bool HasMeasure(string stem) => Measure(stem) > 0;

    // How often a vowel is followed by a consonant.
    private static int Measure(string stem) => Enumerable.Range(1, Math.Max(0, stem.Length - 1)).Count(place => IsConsonant(stem, place) && !IsConsonant(stem, place - 1));

    private static bool EndsInDoubleConsonant(string word) => word.Length >= 2 && word[^1] == word[^2] && IsConsonant(word, word.Length - 1);

    private static bool EndsShort(string word) => word.Length == 2
        ? !IsConsonant(word, 0) && IsConsonant(word, 1)
        : word.Length > 2 && IsConsonant(word, word.Length - 3) && !IsConsonant(word, word.Length - 2) && IsConsonant(word, word.Length - 1) && word[^1] is not ('w' or 'x' or 'y');
}
