using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>Which triplets of which matrix are kept. Immutable and independent of libtorch.</summary>
public sealed class RankPattern
{
    private readonly SortedDictionary<string, bool[]> _kept;

    private RankPattern(SortedDictionary<string, bool[]> kept) => _kept = kept;

    /// <summary>Names of the matrices, in ordinal order.</summary>
    public IEnumerable<string> Names => _kept.Keys;

    /// <summary>Number of kept triplets over all matrices.</summary>
    public int Total => _kept.Values.Sum(k => k.Count(x => x));

    /// <summary>For each triplet of the matrix <paramref name="name"/>, whether it is kept.</summary>
    /// <exception cref="KeyNotFoundException">The pattern has no such matrix.</exception>
    public IReadOnlyList<bool> this[string name] =>
        _kept.TryGetValue(name, out var kept) ? kept : throw new KeyNotFoundException($"The rank pattern has no matrix '{name}'.");

    /// <summary>Creates a pattern from one list of flags per matrix.</summary>
    public static RankPattern From(IEnumerable<KeyValuePair<string, IReadOnlyList<bool>>> kept)
    {
        ArgumentNullException.ThrowIfNull(kept);
        var copy = new SortedDictionary<string, bool[]>(StringComparer.Ordinal);
        foreach (var (name, flags) in kept)
            copy.Add(name, [.. flags]);
        return new RankPattern(copy);
    }

    /// <summary>The number of kept triplets of the matrix <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">The pattern has no such matrix.</exception>
    public int RankOf(string name) => this[name].Count(x => x);

    /// <summary>
    /// Extends this pattern, which covers the triplets that <paramref name="earlier"/> kept, to all triplets that <paramref name="earlier"/> covers. Triplets added since come after them.
    /// </summary>
    internal RankPattern Within(RankPattern earlier)
    {
        return From(Names.Select(name => KeyValuePair.Create(name, Spread(this[name], earlier[name]))));

        static IReadOnlyList<bool> Spread(IReadOnlyList<bool> kept, IReadOnlyList<bool> earlier)
        {
            var next = 0;
            return [.. earlier.Select(was => was && kept[next++]), .. kept.Skip(earlier.Count(was => was))];
        }
    }

    /// <summary>Which of all triplets that each matrix ever had are held and kept.</summary>
    /// <param name="roster">Which triplets are held.</param>
    /// <param name="kept">For each held triplet, in storage order, whether it is kept.</param>
    internal static RankPattern Of(TripletRoster roster, ReadOnlySpan<bool> kept)
    {
        var flags = new SortedDictionary<string, bool[]>(StringComparer.Ordinal);
        foreach (var slot in roster.Layout.Slots)
        {
            var own = new bool[roster.CountOf(slot.Name)];
            for (var i = slot.First; i < slot.First + slot.Rank; i++)
                own[roster.Numbers[i]] = kept[i];
            flags.Add(slot.Name, own);
        }

        return new RankPattern(flags);
    }
}
