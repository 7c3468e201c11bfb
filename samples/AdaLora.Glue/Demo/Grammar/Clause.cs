namespace AdaLora.Glue.Demo.Grammar;

/// <summary>An acceptable clause in parts; a violation changes some part and leaves the others as they are.</summary>
internal sealed record Clause
{
    public required NounPhrase Subject { get; init; }

    public required Verb Verb { get; init; }

    public required VerbFrame Frame { get; init; }

    /// <summary>Auxiliary, negation and verb, as spoken.</summary>
    public required IReadOnlyList<string> VerbWords { get; init; }

    /// <summary>Objects in order; a prepositional complement's preposition is the last word of <see cref="BeforeObjects"/>.</summary>
    public IReadOnlyList<NounPhrase> Objects { get; init; } = [];

    /// <summary>The verb's own preposition, or nothing.</summary>
    public IReadOnlyList<string> BeforeObjects { get; init; } = [];

    /// <summary>Adverb or place at the end, or nothing.</summary>
    public IReadOnlyList<string> Tail { get; init; } = [];

    /// <summary>Whether the clause is a question with its auxiliary in front.</summary>
    public bool IsQuestion { get; init; }

    public IEnumerable<string> Words => IsQuestion
        ? [VerbWords[0], .. Subject.Words, .. VerbWords.Skip(1), .. BeforeObjects, .. Objects.SelectMany(o => o.Words), .. Tail, "?"]
        : [.. Subject.Words, .. VerbWords, .. BeforeObjects, .. Objects.SelectMany(o => o.Words), .. Tail, "."];
}
