namespace AdaLora.Glue.Demo.Grammar;

/// <summary>Spells the verbal part of a clause.</summary>
internal static class VerbForms
{
    public static IReadOnlyList<string> Spell(Verb verb, VerbFrame frame, GrammaticalNumber number, string modal) => frame switch
    {
        VerbFrame.SimplePresent => [number == GrammaticalNumber.Singular ? verb.Third : verb.Base],
        VerbFrame.SimplePast => [verb.Past],
        VerbFrame.Perfect => [Have(number), verb.Participle],
        VerbFrame.Progressive => [number == GrammaticalNumber.Singular ? "is" : "are", verb.Present],
        VerbFrame.Modal => [modal, verb.Base],
        VerbFrame.Negated => [number == GrammaticalNumber.Singular ? "does" : "do", "not", verb.Base],
        VerbFrame.NeverPerfect => [Have(number), "never", verb.Participle],
        VerbFrame.EverPerfect => [Have(number), "ever", verb.Participle],
        _ => throw new ArgumentOutOfRangeException(nameof(frame), frame, "Unknown frame."),
    };

    /// <summary>Whether the first word shows the number of the subject.</summary>
    public static bool ShowsNumber(VerbFrame frame) => frame is not (VerbFrame.SimplePast or VerbFrame.Modal);

    /// <summary>Whether there is an auxiliary, which a question puts in front.</summary>
    public static bool HasAuxiliary(VerbFrame frame) => frame is not (VerbFrame.SimplePresent or VerbFrame.SimplePast);

    private static string Have(GrammaticalNumber number) => number == GrammaticalNumber.Singular ? "has" : "have";
}
