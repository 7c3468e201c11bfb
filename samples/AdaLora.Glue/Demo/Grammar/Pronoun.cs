namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A personal pronoun whose subject and object forms differ.</summary>
internal sealed record Pronoun(string Subject, string Object, GrammaticalNumber Number, Gender Gender)
{
    public static IReadOnlyList<Pronoun> All { get; } =
    [
        new("she", "her", GrammaticalNumber.Singular, Gender.Feminine),
        new("he", "him", GrammaticalNumber.Singular, Gender.Masculine),
        new("they", "them", GrammaticalNumber.Plural, Gender.Neuter),
        new("we", "us", GrammaticalNumber.Plural, Gender.Neuter),
    ];
}
