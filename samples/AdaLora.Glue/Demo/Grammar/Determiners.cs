namespace AdaLora.Glue.Demo.Grammar;

/// <summary>Determiners by the number of the noun they need; "the" goes with both and is in both lists.</summary>
internal static class Determiners
{
    public static IReadOnlyList<string> Singular { get; } = ["the", "a", "this", "that", "every"];

    public static IReadOnlyList<string> Plural { get; } = ["the", "these", "those", "many", "several"];

    /// <summary>Determiners of which a noun has at most one; "the many girls" is fine, "the these girls" is not.</summary>
    public static IReadOnlyList<string> Exclusive { get; } = ["the", "a", "this", "that", "these", "those"];

    /// <summary>A determiner that cannot stand before a noun of the given number.</summary>
    public static string Wrong(GrammaticalNumber number, Random random)
    {
        var wrong = (number == GrammaticalNumber.Singular ? Plural : Singular).Where(d => d != "the").ToList();
        return wrong[random.Next(wrong.Count)];
    }
}
