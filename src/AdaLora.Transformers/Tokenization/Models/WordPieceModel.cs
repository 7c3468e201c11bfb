namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>BERT's model: a word is cut greedily into the longest pieces of the vocabulary; one that can't be cut like that, or that is too long, is a single unknown token.</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly CharTrie _beginnings = new();
    private readonly CharTrie _continuations = new();
    private readonly int _unknownId;
    private readonly int _maxWordLength;

    /// <param name="tokens">The vocabulary.</param>
    /// <param name="unknownId">The token of words that can't be spelled.</param>
    /// <param name="continuationPrefix">What marks a piece inside a word.</param>
    /// <param name="maxWordLength">The greatest length of a word in code points.</param>
    public WordPieceModel(IReadOnlyDictionary<string, int> tokens, int unknownId, string continuationPrefix, int maxWordLength)
    {
        (_unknownId, _maxWordLength) = (unknownId, maxWordLength);
        foreach (var (token, id) in tokens)
        {
            _beginnings.Add(token, id);
            if (token.StartsWith(continuationPrefix, StringComparison.Ordinal))
                _continuations.Add(token.AsSpan(continuationPrefix.Length), id);
        }
    }

    protected override void Spell(ReadOnlySpan<char> word, SpellingBuilder spelling)
    {
        var start = IsTooLong(word) ? -1 : 0;
        while (start >= 0 && start < word.Length)
        {
            var (id, length) = Longest(start == 0 ? _beginnings : _continuations, word[start..]);
            spelling.Add(id, start, start + length);
            start = length == 0 ? -1 : start + length;
        }

        if (start >= 0)
            return;
        spelling.Clear();
        spelling.Add(_unknownId, 0, word.Length);
    }

    private bool IsTooLong(ReadOnlySpan<char> word)
    {
        var length = word.Length;
        if (length <= _maxWordLength)
            return false;
        foreach (var unit in word)
            length -= char.IsLowSurrogate(unit) ? 1 : 0;
        return length > _maxWordLength;
    }

    // A piece never ends within a character.
    private static (int Id, int Length) Longest(CharTrie pieces, ReadOnlySpan<char> text)
    {
        var (id, length) = (-1, 0);
        var node = CharTrie.Root;
        for (var i = 0; i < text.Length && (node = pieces.Child(node, text[i])) != 0; i++)
        {
            if (pieces.ValueAt(node) is >= 0 and var found)
                (id, length) = (found, i + 1);
        }

        return (id, length);
    }
}
