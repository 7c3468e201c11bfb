namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A noun phrase as it will be spoken. Violations change single words of it.</summary>
/// <param name="Words">The words, in order.</param>
/// <param name="Number">Number of the head, with which a verb agrees.</param>
/// <param name="Gender">Gender of the head, with which a reflexive agrees.</param>
/// <param name="Determiner">Index of the determiner, or -1.</param>
/// <param name="Head">Index of the head noun, name or pronoun.</param>
/// <param name="Noun">The head noun, or null for names and pronouns.</param>
/// <param name="Pronoun">The pronoun of which the phrase consists, or null.</param>
internal sealed record NounPhrase(
    IReadOnlyList<string> Words, GrammaticalNumber Number, Gender Gender, int Determiner, int Head, Noun? Noun = null, Pronoun? Pronoun = null)
{
    public NounPhrase With(int index, params string[] replacement) => this with { Words = [.. Words.Take(index), .. replacement, .. Words.Skip(index + 1)] };
}
