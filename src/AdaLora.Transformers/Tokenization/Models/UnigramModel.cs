using System.Text;

namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>SentencePiece's unigram model: of all ways to cut a text into pieces of the vocabulary, the likeliest. A stretch of unknown characters is one unknown piece, or its bytes.</summary>
internal sealed class UnigramModel : TokenModel
{
    /// <summary>How much less likely an unknown character is than the least likely piece.</summary>
    private const double UnknownPenalty = 10;

    private readonly CharTrie _pieces = new();
    private readonly double[] _scores;
    private readonly int _unknownId;
    private readonly double _unknownScore;
    private readonly int[]? _bytes;

    /// <param name="pieces">The pieces that texts may be cut into, with their ids.</param>
    /// <param name="unknownId">The piece of unknown characters.</param>
    /// <param name="lowestScore">The score of the least likely piece.</param>
    /// <param name="bytes">The pieces of the 256 bytes, if unknown characters are spelled with them.</param>
    public UnigramModel(IReadOnlyCollection<(int Id, UnigramPiece Piece)> pieces, int unknownId, double lowestScore, int[]? bytes)
    {
        (_unknownId, _unknownScore, _bytes) = (unknownId, lowestScore - UnknownPenalty, bytes);
        _scores = new double[pieces.Select(piece => piece.Id + 1).Prepend(unknownId + 1).Max()];
        foreach (var (id, piece) in pieces)
        {
            _pieces.Add(piece.Text, id);
            _scores[id] = piece.Score;
        }
    }

    protected override void Spell(ReadOnlySpan<char> word, SpellingBuilder spelling)
    {
        var best = BestPaths(word);
        for (var end = word.Length; end > 0;)
        {
            var (id, start) = (best[end].Id, best[end].Start);
            if (id == _unknownId)
            {
                while (start > 0 && best[start].Id == id)
                    start = best[start].Start;
            }

            if (id != _unknownId || !AddBytes(word, start, end, spelling))
                spelling.Add(id, start, end);
            end = start;
        }

        spelling.Reverse();
    }

    // For each place, the likeliest way to get there: its last piece, where that begins, and the score of all.
    private Step[] BestPaths(ReadOnlySpan<char> word)
    {
        var best = new Step[word.Length + 1];
        Array.Fill(best, new Step(-1, -1, 0), 1, word.Length);
        for (var start = 0; start < word.Length;)
        {
            var width = char.IsHighSurrogate(word[start]) ? 2 : 1;
            var score = best[start].Score;
            var isKnown = false;
            var node = CharTrie.Root;
            for (var i = start; i < word.Length && (node = _pieces.Child(node, word[i])) != 0; i++)
            {
                if (_pieces.ValueAt(node) is not (>= 0 and var id))
                    continue;
                Offer(ref best[i + 1], new Step(id, start, score + _scores[id]));
                isKnown |= i + 1 == start + width;
            }

            if (!isKnown)
                Offer(ref best[start + width], new Step(_unknownId, start, score + _unknownScore));
            start += width;
        }

        return best;
    }

    private static void Offer(ref Step best, Step candidate)
    {
        if (best.Start < 0 || candidate.Score > best.Score)
            best = candidate;
    }

    // In the opposite order, as everything else.
    private bool AddBytes(ReadOnlySpan<char> word, int start, int end, SpellingBuilder spelling)
    {
        if (_bytes is null)
            return false;
        var bytes = Encoding.UTF8.GetBytes(word[start..end].ToString());
        if (Array.Exists(bytes, value => _bytes[value] < 0))
            return false;
        for (var i = bytes.Length - 1; i >= 0; i--)
            spelling.Add(_bytes[bytes[i]], start, end);
        return true;
    }

    private readonly record struct Step(int Id, int Start, double Score);
}
