namespace AdaLora.Glue.Demo.Grammar;

/// <summary>Draws acceptable clauses.</summary>
internal sealed class ClauseSampler(Random random)
{
    private static readonly string[] Modals = ["will", "can", "must", "should"];

    public Clause Sample()
    {
        var verb = Pick(Lexicon.AllVerbs);
        var subject = SubjectPhrase();
        var frame = (VerbFrame)random.Next(Enum.GetValues<VerbFrame>().Length);
        return new Clause
        {
            Subject = subject,
            Verb = verb,
            Frame = frame,
            VerbWords = VerbForms.Spell(verb, frame, subject.Number, Pick(Modals)),
            Objects = ObjectsOf(verb, subject),
            BeforeObjects = verb.Preposition is { } preposition ? [preposition] : [],
            Tail = random.Next(3) == 0 ? [Pick(Lexicon.FinalAdverbs)] : [],
            IsQuestion = frame == VerbFrame.EverPerfect || (VerbForms.HasAuxiliary(frame) && random.Next(4) == 0),
        };
    }

    private NounPhrase SubjectPhrase() => random.Next(10) switch
    {
        < 2 => PronounPhrase(isSubject: true),
        < 4 => NamePhrase(),
        _ => CommonPhrase(random.Next(4) == 0 ? Lexicon.Animals : Lexicon.People, random.Next(5) < 2),
    };

    private NounPhrase[] ObjectsOf(Verb verb, NounPhrase subject)
    {
        if (Lexicon.Ditransitive.Contains(verb))
            return [Receiver(), CommonPhrase(Lexicon.Things, false)];
        if (Lexicon.Intransitive.Contains(verb))
            return [];
        if (verb.Preposition is not null)
            return [random.Next(2) == 0 ? CommonPhrase(Lexicon.Things, false) : Receiver()];
        return [random.Next(5) switch
        {
            0 => Reflexive(subject),
            1 or 2 => Receiver(),
            _ => CommonPhrase(Lexicon.Things, random.Next(4) == 0),
        }];
    }

    private NounPhrase Receiver() => random.Next(3) switch
    {
        0 => PronounPhrase(isSubject: false),
        1 => NamePhrase(),
        _ => CommonPhrase(Lexicon.People, random.Next(5) == 0),
    };

    private NounPhrase PronounPhrase(bool isSubject)
    {
        var pronoun = Pick(Pronoun.All);
        return new NounPhrase([isSubject ? pronoun.Subject : pronoun.Object], pronoun.Number, pronoun.Gender, -1, 0, Pronoun: pronoun);
    }

    private NounPhrase NamePhrase()
    {
        var (name, gender) = Pick(Lexicon.Names);
        return new NounPhrase([name], GrammaticalNumber.Singular, gender, -1, 0);
    }

    private NounPhrase CommonPhrase(IReadOnlyList<Noun> nouns, bool withPlace)
    {
        var noun = Pick(nouns);
        var number = (GrammaticalNumber)random.Next(2);
        string[] adjective = random.Next(3) == 0 ? [Pick(Lexicon.Adjectives)] : [];
        // A place between subject and verb often has the other number: agreement must look past it.
        string[] place = withPlace ? [Pick(Lexicon.PlacePrepositions), .. PlainPhrase(Pick(Lexicon.Things), (GrammaticalNumber)random.Next(2))] : [];
        return new NounPhrase([Determiner(number), .. adjective, noun.Form(number), .. place], number, noun.Gender, 0, 1 + adjective.Length, noun);
    }

    private string[] PlainPhrase(Noun noun, GrammaticalNumber number) => [Determiner(number), noun.Form(number)];

    private static NounPhrase Reflexive(NounPhrase subject) =>
        new([ReflexiveFor(subject)], subject.Number, subject.Gender, -1, 0);

    private string Determiner(GrammaticalNumber number) => number == GrammaticalNumber.Singular ? Pick(Determiners.Singular) : Pick(Determiners.Plural);

    /// <summary>The reflexive pronoun that goes with a subject.</summary>
    public static string ReflexiveFor(NounPhrase subject) => (subject.Pronoun?.Subject, subject.Number, subject.Gender) switch
    {
        ("we", _, _) => "ourselves",
        (_, GrammaticalNumber.Plural, _) => "themselves",
        (_, _, Gender.Feminine) => "herself",
        (_, _, Gender.Masculine) => "himself",
        _ => "itself",
    };

    private T Pick<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
}
