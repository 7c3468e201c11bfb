namespace AdaLora.Glue.Demo.Grammar;

/// <summary>
/// All kinds of violations. Each certainly breaks the grammar: a wrong form differs from every right one, dropped arguments are obligatory,
/// and inserted or moved words cannot appear anywhere else.
/// </summary>
internal static class Violations
{
    private static readonly string[] Reflexives = ["herself", "himself", "itself", "themselves", "ourselves"];

    public static IReadOnlyList<Violation> All { get; } =
    [
        new("agreement", "verb and subject differ in number: the girls near the house visits mary", Agreement),
        new("determiner", "determiner and noun differ in number: these girl, many boat", DeterminerNumber),
        new("double-determiner", "two determiners: the this girl", DoubleDeterminer),
        new("pronoun-case", "object form as subject, or the reverse: him visits mary, mary visits he", PronounCase),
        new("reflexive", "reflexive of another person: the girl admires himself", ReflexiveAgreement),
        new("missing-object", "an obligatory object is missing: the girl has visited", MissingObject),
        new("extra-object", "an intransitive verb with an object: the girl fell the boat", ExtraObject),
        new("verb-form", "wrong verb form after an auxiliary: the girl has visit the boat", VerbForm),
        new("double-auxiliary", "two finite auxiliaries: the girl will has visited the boat", DoubleAuxiliary),
        new("noun-adjective", "adjective after its noun: the girl small fell", NounBeforeAdjective),
        new("preposition", "a preposition that the verb cannot have: the girl listened at mary", WrongPreposition),
        new("polarity", "ever in a statement without negation: the girl has ever visited the boat", BareEver),
    ];

    private static IEnumerable<string>? Agreement(Clause clause, Random random)
    {
        if (!VerbForms.ShowsNumber(clause.Frame))
            return null;
        var other = clause.Subject.Number == GrammaticalNumber.Singular ? GrammaticalNumber.Plural : GrammaticalNumber.Singular;
        return (clause with { VerbWords = VerbForms.Spell(clause.Verb, clause.Frame, other, "") }).Words;
    }

    private static IEnumerable<string>? DeterminerNumber(Clause clause, Random random) =>
        ChangePhrase(clause, random, p => p.Noun is not null, p => p.With(p.Determiner, Determiners.Wrong(p.Number, random)));

    private static IEnumerable<string>? DoubleDeterminer(Clause clause, Random random) => ChangePhrase(
        clause,
        random,
        p => p.Noun is not null && Determiners.Exclusive.Contains(p.Words[p.Determiner]),
        p =>
        {
            var present = p.Words[p.Determiner];
            var others = (p.Number == GrammaticalNumber.Singular ? Determiners.Singular : Determiners.Plural).Intersect(Determiners.Exclusive).Where(d => d != present).ToList();
            var added = others[random.Next(others.Count)];
            return random.Next(2) == 0 ? p.With(p.Determiner, added, present) : p.With(p.Determiner, present, added);
        });

    private static IEnumerable<string>? PronounCase(Clause clause, Random random) => ChangePhrase(
        clause,
        random,
        p => p.Pronoun is not null,
        p => p.With(0, ReferenceEquals(p, clause.Subject) ? p.Pronoun!.Object : p.Pronoun!.Subject));

    private static IEnumerable<string>? ReflexiveAgreement(Clause clause, Random random)
    {
        if (clause.Objects is not [{ Words: [var word] }] || !Reflexives.Contains(word))
            return null;
        var others = Reflexives.Where(r => r != word).ToList();
        return (clause with { Objects = [clause.Objects[0].With(0, others[random.Next(others.Count)])] }).Words;
    }

    // The last object goes; a preposition stays behind.
    private static IEnumerable<string>? MissingObject(Clause clause, Random random) =>
        clause.Objects.Count == 0 ? null : (clause with { Objects = [.. clause.Objects.SkipLast(1)] }).Words;

    private static IEnumerable<string>? ExtraObject(Clause clause, Random random)
    {
        if (!Lexicon.Intransitive.Contains(clause.Verb))
            return null;
        var number = (GrammaticalNumber)random.Next(2);
        string[] phrase = random.Next(2) == 0
            ? [Lexicon.Names[random.Next(Lexicon.Names.Count)].Name]
            : ["the", Lexicon.Things[random.Next(Lexicon.Things.Count)].Form(number)];
        return (clause with { BeforeObjects = phrase }).Words;
    }

    private static IEnumerable<string>? VerbForm(Clause clause, Random random)
    {
        if (!VerbForms.HasAuxiliary(clause.Frame))
            return null;
        var verb = clause.Verb;
        var right = clause.VerbWords[^1];
        var others = ((string[])[verb.Base, verb.Third, verb.Past, verb.Participle, verb.Present]).Where(f => f != right).ToList();
        return (clause with { VerbWords = [.. clause.VerbWords.SkipLast(1), others[random.Next(others.Count)]] }).Words;
    }

    private static IEnumerable<string>? DoubleAuxiliary(Clause clause, Random random)
    {
        if (!VerbForms.HasAuxiliary(clause.Frame))
            return null;
        var others = ((string[])["will", "has", "is", "does", "can"]).Where(a => a != clause.VerbWords[0]).ToList();
        return (clause with { VerbWords = [clause.VerbWords[0], others[random.Next(others.Count)], .. clause.VerbWords.Skip(1)] }).Words;
    }

    private static IEnumerable<string>? NounBeforeAdjective(Clause clause, Random random) => ChangePhrase(
        clause,
        random,
        p => p.Noun is not null && p.Head == p.Determiner + 2,
        p => p with { Words = [p.Words[0], p.Words[2], p.Words[1], .. p.Words.Skip(3)] });

    private static IEnumerable<string>? WrongPreposition(Clause clause, Random random)
    {
        if (clause.Verb.Preposition is not { } right)
            return null;
        var others = Lexicon.VerbPrepositions.Where(p => p != right).ToList();
        return (clause with { BeforeObjects = [others[random.Next(others.Count)]] }).Words;
    }

    // A statement of what is fine as a question, or "ever" instead of "never": the word alone reveals nothing.
    private static IEnumerable<string>? BareEver(Clause clause, Random random) => clause.Frame is VerbFrame.EverPerfect or VerbFrame.NeverPerfect
        ? (clause with { VerbWords = [clause.VerbWords[0], "ever", clause.VerbWords[^1]], IsQuestion = false }).Words
        : null;

    /// <summary>Changes one of the clause's phrases that fit.</summary>
    private static IEnumerable<string>? ChangePhrase(Clause clause, Random random, Func<NounPhrase, bool> fits, Func<NounPhrase, NounPhrase> change)
    {
        var candidates = ((NounPhrase[])[clause.Subject, .. clause.Objects]).Where(fits).ToList();
        if (candidates.Count == 0)
            return null;
        var chosen = candidates[random.Next(candidates.Count)];
        return ReferenceEquals(chosen, clause.Subject)
            ? (clause with { Subject = change(chosen) }).Words
            : (clause with { Objects = [.. clause.Objects.Select(o => ReferenceEquals(o, chosen) ? change(o) : o)] }).Words;
    }
}
