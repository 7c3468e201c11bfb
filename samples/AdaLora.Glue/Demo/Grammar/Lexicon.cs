namespace AdaLora.Glue.Demo.Grammar;

/// <summary>The words of the demo's language.</summary>
internal static class Lexicon
{
    public static IReadOnlyList<Noun> People { get; } =
    [
        new("girl", "girls", Gender.Feminine), new("woman", "women", Gender.Feminine), new("queen", "queens", Gender.Feminine), new("sister", "sisters", Gender.Feminine),
        new("mother", "mothers", Gender.Feminine), new("waitress", "waitresses", Gender.Feminine), new("boy", "boys", Gender.Masculine), new("man", "men", Gender.Masculine),
        new("king", "kings", Gender.Masculine), new("brother", "brothers", Gender.Masculine), new("father", "fathers", Gender.Masculine), new("waiter", "waiters", Gender.Masculine),
    ];

    public static IReadOnlyList<Noun> Animals { get; } =
    [
        new("dog", "dogs", Gender.Neuter), new("cat", "cats", Gender.Neuter), new("horse", "horses", Gender.Neuter), new("bird", "birds", Gender.Neuter),
        new("fox", "foxes", Gender.Neuter), new("rabbit", "rabbits", Gender.Neuter),
    ];

    public static IReadOnlyList<Noun> Things { get; } =
    [
        new("house", "houses", Gender.Neuter), new("garden", "gardens", Gender.Neuter), new("river", "rivers", Gender.Neuter), new("boat", "boats", Gender.Neuter),
        new("table", "tables", Gender.Neuter), new("letter", "letters", Gender.Neuter), new("book", "books", Gender.Neuter), new("window", "windows", Gender.Neuter),
        new("tree", "trees", Gender.Neuter), new("gift", "gifts", Gender.Neuter), new("picture", "pictures", Gender.Neuter), new("bridge", "bridges", Gender.Neuter),
    ];

    public static IReadOnlyList<(string Name, Gender Gender)> Names { get; } =
    [
        ("mary", Gender.Feminine), ("anna", Gender.Feminine), ("lucy", Gender.Feminine), ("clara", Gender.Feminine),
        ("john", Gender.Masculine), ("peter", Gender.Masculine), ("david", Gender.Masculine), ("simon", Gender.Masculine),
    ];

    /// <summary>Verbs that never take an object.</summary>
    public static IReadOnlyList<Verb> Intransitive { get; } =
    [
        new("fall", "falls", "fell", "fallen", "falling"), new("arise", "arises", "arose", "arisen", "arising"),
        new("sleep", "sleeps", "slept", "slept", "sleeping"), new("sneeze", "sneezes", "sneezed", "sneezed", "sneezing"),
        new("arrive", "arrives", "arrived", "arrived", "arriving"), new("vanish", "vanishes", "vanished", "vanished", "vanishing"),
        new("cough", "coughs", "coughed", "coughed", "coughing"), new("smile", "smiles", "smiled", "smiled", "smiling"),
    ];

    /// <summary>Verbs that require an object.</summary>
    public static IReadOnlyList<Verb> Transitive { get; } =
    [
        new("forgive", "forgives", "forgave", "forgiven", "forgiving"), new("overtake", "overtakes", "overtook", "overtaken", "overtaking"),
        new("admire", "admires", "admired", "admired", "admiring"), new("visit", "visits", "visited", "visited", "visiting"),
        new("praise", "praises", "praised", "praised", "praising"), new("avoid", "avoids", "avoided", "avoided", "avoiding"),
        new("describe", "describes", "described", "described", "describing"), new("mention", "mentions", "mentioned", "mentioned", "mentioning"),
        new("greet", "greets", "greeted", "greeted", "greeting"), new("chase", "chases", "chased", "chased", "chasing"),
    ];

    /// <summary>Verbs that need two objects.</summary>
    public static IReadOnlyList<Verb> Ditransitive { get; } =
    [
        new("give", "gives", "gave", "given", "giving"), new("show", "shows", "showed", "shown", "showing"),
    ];

    /// <summary>Verbs whose complement has the verb's own preposition.</summary>
    public static IReadOnlyList<Verb> Prepositional { get; } =
    [
        new("rely", "relies", "relied", "relied", "relying", "on"), new("insist", "insists", "insisted", "insisted", "insisting", "on"),
        new("listen", "listens", "listened", "listened", "listening", "to"), new("belong", "belongs", "belonged", "belonged", "belonging", "to"),
        new("believe", "believes", "believed", "believed", "believing", "in"), new("confide", "confides", "confided", "confided", "confiding", "in"),
        new("laugh", "laughs", "laughed", "laughed", "laughing", "at"), new("glance", "glances", "glanced", "glanced", "glancing", "at"),
    ];

    public static IReadOnlyList<string> Adjectives { get; } = ["small", "big", "young", "tall", "quiet", "clever", "happy", "tired", "brave", "lazy"];

    /// <summary>Adverbs that stand at the end of a clause.</summary>
    public static IReadOnlyList<string> FinalAdverbs { get; } = ["quickly", "slowly", "today", "again", "often", "loudly"];

    /// <summary>Prepositions that attach a place to a noun; none belongs to a verb.</summary>
    public static IReadOnlyList<string> PlacePrepositions { get; } = ["near", "behind", "beside", "under"];

    public static IReadOnlyList<string> VerbPrepositions { get; } = ["on", "to", "in", "at"];

    public static IReadOnlyList<Verb> AllVerbs { get; } = [.. Intransitive, .. Transitive, .. Ditransitive, .. Prepositional];
}
