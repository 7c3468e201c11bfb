namespace AdaLora.Transformers.Tokenization.Models;

/// <summary>The pairs of tokens that are joined, in the order of training.</summary>
internal sealed class BpeMerges
{
    private readonly Dictionary<long, (int Rank, int Id)> _merges = [];

    /// <exception cref="InvalidDataException">A merge uses or makes a token that is not in the vocabulary.</exception>
    public BpeMerges(IReadOnlyDictionary<string, int> tokens, IEnumerable<(string Left, string Right)> merges, int prefixLength)
    {
        var rank = 0;
        foreach (var (left, right) in merges)
            _merges[KeyOf(Require(left), Require(right))] = (rank++, Require($"{left}{right.AsSpan(Math.Min(prefixLength, right.Length))}"));

        int Require(string token) => tokens.TryGetValue(token, out var id) ? id : throw new InvalidDataException($"has a merge with '{token}', which is not in its vocabulary.");
    }

    /// <summary>Joins symbols until no pair is left: always the pair with the lowest rank, of several the first.</summary>
    public void Apply(BpeSymbols symbols)
    {
        var queue = new PriorityQueue<(int Left, int Right, int Id), long>();
        for (var i = 0; i + 1 < symbols.Count; i++)
            Enqueue(i, i + 1);
        while (queue.TryDequeue(out var pair, out _))
        {
            // An entry of a pair that has changed since is out of date.
            if (symbols.NextOf(pair.Left) != pair.Right || Find(pair.Left, pair.Right) is not { } merge || merge.Id != pair.Id)
                continue;
            symbols.Join(pair.Left, pair.Id);
            Enqueue(symbols.PreviousOf(pair.Left), pair.Left);
            Enqueue(pair.Left, symbols.NextOf(pair.Left));
        }

        void Enqueue(int left, int right)
        {
            if (left >= 0 && right >= 0 && Find(left, right) is { } merge)
                queue.Enqueue((left, right, merge.Id), ((long)merge.Rank << 32) | (uint)left);
        }

        (int Rank, int Id)? Find(int left, int right) => _merges.TryGetValue(KeyOf(symbols.IdOf(left), symbols.IdOf(right)), out var merge) ? merge : null;
    }

    private static long KeyOf(int left, int right) => ((long)left << 32) | (uint)right;
}
