namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>Spells words with the tokens of a vocabulary. Most words of a text have been seen before: their spellings are remembered, as far as they don't crowd each other out.</summary>
internal abstract class TokenModel
{
    private const int LongestRemembered = 64;
    private const int Remembered = 1 << 14;

    // Whoever finds something else in a word's place puts it there; entries never change, so threads need no lock.
    private readonly Entry?[] _entries = new Entry?[Remembered];

    /// <summary>The tokens of a word, which is not empty and has no half of a surrogate pair without the other.</summary>
    public Spelling Spell(ReadOnlySpan<char> word)
    {
        if (word.Length > LongestRemembered)
            return Find(word);
        ref var place = ref _entries[string.GetHashCode(word) & (Remembered - 1)];
        var entry = Volatile.Read(ref place);
        if (entry is null || !word.SequenceEqual(entry.Word))
        {
            entry = new Entry(word.ToString(), Find(word));
            Volatile.Write(ref place, entry);
        }

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
