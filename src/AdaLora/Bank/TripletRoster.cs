namespace AdaLora.Bank;

/// <summary>
/// Which triplets a bank holds. Each keeps its number within its matrix for life: initial ones are counted from 0, and later ones continue from there, so that the contents at two moments
/// can be compared, whatever was dropped and added in between. Within a matrix, triplets are stored in the order of their numbers. Immutable; pure arithmetic.
/// </summary>
internal sealed class TripletRoster
{
    private readonly int[] _numbers;
    private readonly IReadOnlyDictionary<string, int> _counts;

    private TripletRoster(BankLayout layout, int[] numbers, IReadOnlyDictionary<string, int> counts) => (Layout, _numbers, _counts) = (layout, numbers, counts);

    /// <summary>Where the triplets are stored.</summary>
    public BankLayout Layout { get; }

    /// <summary>The number of each triplet within its matrix, in storage order.</summary>
    public IReadOnlyList<int> Numbers => _numbers;

    /// <summary>The initial contents of a bank.</summary>
    public static TripletRoster First(BankLayout layout) =>
        new(layout, [.. layout.Slots.SelectMany(s => Enumerable.Range(0, s.Rank))], layout.Slots.ToDictionary(s => s.Name, s => s.Rank, StringComparer.Ordinal));

    /// <summary>The contents described by <see cref="Numbers"/> and <see cref="CountOf"/> of another roster of the same matrices, matrix by matrix in ordinal order.</summary>
    /// <exception cref="InvalidDataException">The numbers do not form a roster.</exception>
    public static TripletRoster From(BankLayout first, IReadOnlyList<long> counts, IReadOnlyList<long> ranks, IReadOnlyList<long> numbers)
    {
        var names = first.Slots.Select(s => s.Name).Order(StringComparer.Ordinal).ToList();
        if (counts.Count != names.Count || ranks.Count != names.Count || ranks.Any(r => r is < 0 or > BankLayout.MaxTriplets) || ranks.Sum() != numbers.Count)
            throw new InvalidDataException($"There are {numbers.Count} numbers of triplets in {ranks.Count} of {counts.Count} matrices; {names.Count} matrices are adapted.");
        var held = new Dictionary<string, int[]>(StringComparer.Ordinal);
        var from = 0;
        for (var i = 0; i < names.Count; from += (int)ranks[i], i++)
        {
            var own = Enumerable.Range(from, (int)ranks[i]).Select(n => numbers[n]).ToList();
            if (counts[i] < first[names[i]].Rank || counts[i] > int.MaxValue || own.Any(n => n < 0 || n >= counts[i]) || own.Zip(own.Skip(1)).Any(p => p.First >= p.Second))
                throw new InvalidDataException($"'{names[i]}' cannot hold the triplets {string.Join(", ", own)} of {counts[i]}.");
            held[names[i]] = [.. own.Select(n => (int)n)];
        }

        var layout = BankLayout.Create(first.Slots.Select(s => s.Shape with { Rank = held[s.Name].Length }));
        return new TripletRoster(layout, [.. layout.Slots.SelectMany(s => held[s.Name])], names.Zip(counts).ToDictionary(c => c.First, c => (int)c.Second, StringComparer.Ordinal));
    }

    /// <summary>How many triplets the matrix has had so far, which is the number of the next one.</summary>
    public int CountOf(string name) => _counts[name];

    /// <summary>Whether any triplet was added to those of <paramref name="first"/>.</summary>
    public bool HasGrown(BankLayout first) => first.Slots.Any(s => _counts[s.Name] != s.Rank);

    /// <summary>The contents after some triplets are dropped and others added.</summary>
    /// <param name="kept">For each triplet in storage order, whether it stays.</param>
    /// <param name="added">How many are added to each matrix, by name; none to others.</param>
    /// <exception cref="ArgumentException">The number of flags is wrong, or there would be more triplets than a bank may hold.</exception>
    public TripletRoster Resize(ReadOnlySpan<bool> kept, IReadOnlyDictionary<string, int>? added = null)
    {
        if (kept.Length != Layout.Triplets)
            throw new ArgumentException($"{kept.Length} flags were given for {Layout.Triplets} triplets.", nameof(kept));
        var (held, counts) = (new Dictionary<string, List<int>>(StringComparer.Ordinal), new Dictionary<string, int>(_counts, StringComparer.Ordinal));
        foreach (var slot in Layout.Slots)
        {
            var own = held[slot.Name] = [];
            for (var i = slot.First; i < slot.First + slot.Rank; i++)
            {
                if (kept[i])
                    own.Add(_numbers[i]);
            }

            for (var i = added?.GetValueOrDefault(slot.Name) ?? 0; i > 0; i--)
                own.Add(counts[slot.Name]++);
        }

        var layout = BankLayout.Create(Layout.Slots.Select(s => s.Shape with { Rank = held[s.Name].Count }));
        return new TripletRoster(layout, [.. layout.Slots.SelectMany(s => held[s.Name])], counts);
    }

    /// <summary>For each triplet in storage order, its place in the storage order of <paramref name="former"/>; -1 if that does not hold it.</summary>
    public int[] OriginsIn(TripletRoster former)
    {
        var origins = new int[Layout.Triplets];
        Array.Fill(origins, -1);
        foreach (var slot in Layout.Slots)
        {
            var old = former.Layout[slot.Name];
            // Both are sorted.
            for (int i = slot.First, k = old.First; i < slot.First + slot.Rank && k < old.First + old.Rank;)
            {
                var (number, oldNumber) = (_numbers[i], former._numbers[k]);
                if (number == oldNumber)
                    origins[i] = k;
                if (number <= oldNumber)
                    i++;
                if (number >= oldNumber)
                    k++;
            }
        }

        return origins;
    }
}
