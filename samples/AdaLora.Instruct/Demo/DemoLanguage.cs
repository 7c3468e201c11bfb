using System.Text.Json.Nodes;

namespace AdaLora.Instruct.Demo;

/// <summary>What there is to say in the demo: what animals say and where they live. The model is trained on sentences, and fine-tuned on questions, of which some are kept aside.</summary>
internal static class DemoLanguage
{
    public const string Template =
        "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}{% else %}<|assistant|>{% generation %}{{ m.content }}<|end|>{% endgeneration %}{% endif %}{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private static readonly (string Animal, string Sound, string Place)[] Facts =
    [
        ("cow", "moo", "meadow"), ("dog", "woof", "house"), ("cat", "meow", "house"), ("duck", "quack", "pond"), ("frog", "croak", "pond"), ("owl", "hoot", "forest"),
        ("wolf", "howl", "forest"), ("bee", "buzz", "garden"), ("crow", "caw", "field"), ("sheep", "baa", "meadow"), ("pig", "oink", "stable"), ("horse", "neigh", "stable"),
        ("lion", "roar", "desert"), ("snake", "hiss", "desert"), ("mouse", "squeak", "cellar"), ("bat", "screech", "cellar"),
    ];

    private static readonly string[] Sounds = ["What does the {0} say ?", "How does the {0} sound ?", "Tell me what the {0} says .", "Which sound has the {0} ?"];
    private static readonly string[] Places = ["Where does the {0} live ?", "Where is the {0} ?", "Tell me where the {0} lives .", "In which place is the {0} ?"];

    /// <summary>Sentences about everything.</summary>
    public static IReadOnlyList<string> Sentences { get; } =
        [.. Facts.SelectMany(fact => (string[])[Say(fact), Live(fact), $"In the {fact.Place} lives the {fact.Animal} .", $"There is a {fact.Sound} : it is the {fact.Animal} ."])];

    /// <summary>All words, for the vocabulary.</summary>
    public static IEnumerable<string> Words =>
        Sentences.Concat(Questions().SelectMany(pair => (string[])[pair.Question, pair.Answer])).SelectMany(text => text.Split(' ')).Distinct(StringComparer.Ordinal);

    /// <summary>Conversations to train on, and others about the same animals.</summary>
    public static (IReadOnlyList<JsonObject> Training, IReadOnlyList<JsonObject> Dev) Conversations()
    {
        var all = Questions().Select((pair, number) => (Number: number, Row: Conversation(pair.Question, pair.Answer))).ToList();
        return ([.. all.Where(row => row.Number % 5 != 2).Select(row => row.Row)], [.. all.Where(row => row.Number % 5 == 2).Select(row => row.Row)]);
    }

    private static IEnumerable<(string Question, string Answer)> Questions() => Facts.SelectMany(fact =>
        Sounds.Select(question => (string.Format(null, question, fact.Animal), Say(fact))).Concat(Places.Select(question => (string.Format(null, question, fact.Animal), Live(fact)))));

    private static string Say((string Animal, string Sound, string Place) fact) => $"The {fact.Animal} says {fact.Sound} .";

    private static string Live((string Animal, string Sound, string Place) fact) => $"The {fact.Animal} lives in the {fact.Place} .";

    private static JsonObject Conversation(string question, string answer) => new()
    {
        ["messages"] = new JsonArray(
            new JsonObject { ["role"] = "user", ["content"] = question },
            new JsonObject { ["role"] = "assistant", ["content"] = answer }),
    };
}
