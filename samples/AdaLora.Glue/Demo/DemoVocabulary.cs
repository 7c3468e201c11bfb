using AdaLora.Glue.Demo.Grammar;

namespace AdaLora.Glue.Demo;

/// <summary>The WordPiece vocabulary of the demo's encoder: special tokens, then every word of the language.</summary>
internal static class DemoVocabulary
{
    private static readonly string[] Special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    private static readonly string[] FunctionWords =
        [".", "?", "not", "never", "ever", "has", "have", "is", "are", "do", "does", "will", "can", "must", "should", "herself", "himself", "itself", "themselves", "ourselves"];

    public static IReadOnlyList<string> Create() =>
    [
        .. Special,
        .. FunctionWords
            .Concat(Determiners.Singular).Concat(Determiners.Plural)
            .Concat(Lexicon.PlacePrepositions).Concat(Lexicon.VerbPrepositions).Concat(Lexicon.Adjectives).Concat(Lexicon.FinalAdverbs)
            .Concat(Pronoun.All.SelectMany(p => (string[])[p.Subject, p.Object]))
            .Concat(Lexicon.Names.Select(n => n.Name))
            .Concat(Lexicon.People.Concat(Lexicon.Animals).Concat(Lexicon.Things).SelectMany(n => (string[])[n.Singular, n.Plural]))
            .Concat(Lexicon.AllVerbs.SelectMany(v => (string[])[v.Base, v.Third, v.Past, v.Participle, v.Present]))
            .Distinct(StringComparer.Ordinal),
    ];
}
