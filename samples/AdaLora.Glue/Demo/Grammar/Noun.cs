namespace AdaLora.Glue.Demo.Grammar;

/// <summary>A countable noun that starts with a consonant, so that its article is always "a".</summary>
internal sealed record Noun(string Singular, string Plural, Gender Gender)
{
    public string Form(GrammaticalNumber number) => number == GrammaticalNumber.Singular ? Singular : Plural;
}
