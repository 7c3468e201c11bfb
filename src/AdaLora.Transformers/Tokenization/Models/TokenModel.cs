namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>Spells words with the tokens of a vocabulary. Most words of a text have been seen before: their spellings are remembered, as far as they don't crowd each other out.</summary>
internal abstract class TokenModel
{
    private const int LongestRemembered = 64;
    private const int Remembered = 1 << 15;

    // Each word has two neighbouring places. Entries never change, so threads need no lock: at worst, one of them spells a word that another has spelled.
    private readonly Entry?[] _entries = new Entry?[Remembered];

    /// <summary>The tokens of a word, which is not empty and has no half of a surrogate pair without the other.</summary>
    public Spelling Spell(ReadOnlySpan<char> word)
    {
        if (word.Length > LongestRemembered)
            return Find(word);
        var first = string.GetHashCode(word) & (Remembered - 2);
        var latest = Volatile.Read(ref _entries[first]);
        if (latest is not null && word.SequenceEqual(latest.Word))
            return latest.Spelling;
        if (Volatile.Read(ref _entries[first + 1]) is { } earlier && word.SequenceEqual(earlier.Word))
            return earlier.Spelling;
        // The word that was there longer makes room.
        var entry = new Entry(word.ToString(), Find(word));
        Volatile.Write(ref _entries[first + 1], latest);
        Volatile.Write(ref _entries[first], entry);
        return entry.Spelling;
    }

    protected abstract void Spell(ReadOnlySpan<char> word, SpellingBuilder spelling);

    private Spelling Find(ReadOnlySpan<char> word)
    {
        var builder = new SpellingBuilder();
        Spell(word, builder);
        return builder.Build();
    }

    private sealed record Entry(string Word, Spelling Spelling);
}
