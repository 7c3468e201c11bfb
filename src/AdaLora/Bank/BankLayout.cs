namespace AdaLora.Bank;

/// <summary>
/// How the triplets of all matrices share one flat buffer. Matrices of equal (out, in) form a group; a group is a run of P rows followed by a run of Q rows;
/// all lambdas are at the end. Values, gradients and statistics use the same layout, so that an elementwise update of every triplet is a single operation.
/// Pure arithmetic: nothing here needs libtorch.
/// </summary>
internal sealed class BankLayout
{
    /// <summary>The maximum number of triplets in a bank, thousands of times more than a large model needs: more of them are a mistake, and would not fit into memory.</summary>
    public const int MaxTriplets = 1 << 24;

    private readonly Dictionary<string, TripletSlot> _byName;

    private BankLayout(IReadOnlyList<TripletSlot> slots, IReadOnlyList<TripletBlock> groups, IReadOnlyList<TripletBlock> blocks, long lambdaOffset)
    {
        Slots = slots;
        Shapes = [.. slots.Select(s => s.Shape)];
        Groups = groups;
        Blocks = blocks;
        LambdaOffset = lambdaOffset;
        Triplets = slots.Sum(s => s.Rank);
        _byName = slots.ToDictionary(s => s.Name, StringComparer.Ordinal);
        CanonicalOrder = [.. slots.OrderBy(s => s.Name, StringComparer.Ordinal).SelectMany(s => Enumerable.Range(s.First, s.Rank)).Select(i => (long)i)];
    }

    /// <summary>All matrices in storage order.</summary>
    public IReadOnlyList<TripletSlot> Slots { get; }

    /// <summary>The matrices in storage order, with their ranks.</summary>
    public IReadOnlyList<TripletShape> Shapes { get; }

    /// <summary>Runs of matrices of equal sizes and equal rank, in storage order; matrices of rank 0 are not included.</summary>
    public IReadOnlyList<TripletBlock> Blocks { get; }

    /// <summary>
    /// One entry per (out, in) that holds triplets, seen as single-triplet matrices: rank 1, with as many matrices as the group has triplets. Used for row operations.
    /// </summary>
    public IReadOnlyList<TripletBlock> Groups { get; }

    /// <summary>Number of triplets over all matrices: the largest possible budget.</summary>
    public int Triplets { get; }

    /// <summary>Start of the lambdas in a flat buffer; they follow storage order.</summary>
    public long LambdaOffset { get; }

    /// <summary>Number of elements of a flat buffer.</summary>
    public long Elements => LambdaOffset + Triplets;

    /// <summary>
    /// Storage index of every triplet, listed by (ordinal name, index within the matrix). Ties between scores are broken by position in this list.
    /// </summary>
    public IReadOnlyList<long> CanonicalOrder { get; }

    /// <summary>
    /// What a flat buffer consists of: P and Q of each group of equal (out, in), then lambda. Layouts of the same matrices have the same parts, whatever their ranks, and they cover every
    /// element in order.
    /// </summary>
    public IEnumerable<LayoutPart> Parts
    {
        get
        {
            foreach (var group in Slots.GroupBy(s => (s.Shape.OutFeatures, s.Shape.InFeatures)))
            {
                var (first, triplets) = (group.First(), (long)group.Sum(s => s.Rank));
                yield return new LayoutPart(TripletPart.P, first.LeftOffset, triplets * group.Key.OutFeatures);
                yield return new LayoutPart(TripletPart.Q, first.RightOffset, triplets * group.Key.InFeatures);
            }

            yield return new LayoutPart(TripletPart.Lambda, LambdaOffset, Triplets);
        }
    }

    /// <summary>The slot of the matrix named <paramref name="name"/>.</summary>
    /// <exception cref="KeyNotFoundException">The bank has no such matrix.</exception>
    public TripletSlot this[string name] =>
        _byName.TryGetValue(name, out var slot) ? slot : throw new KeyNotFoundException($"There is no adapted module '{name}'.");

    /// <summary>Lays out the given matrices. The result does not depend on the order in which they are given.</summary>
    /// <exception cref="ArgumentException">
    /// A name is empty or given twice, a size is below 1 or above <see cref="int.MaxValue"/>, or a rank is negative; all such matrices are listed. Or there are more triplets than
    /// <see cref="MaxTriplets"/>.
    /// </exception>
    public static BankLayout Create(IEnumerable<TripletShape> shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        var sorted = shapes.OrderBy(s => s.OutFeatures).ThenBy(s => s.InFeatures).ThenBy(s => s.Rank).ThenBy(s => s.Name, StringComparer.Ordinal).ToList();
        Validate(sorted);

        var slots = new List<TripletSlot>(sorted.Count);
        var groups = new List<TripletBlock>();
        var blocks = new List<TripletBlock>();
        var lambdaOffset = sorted.Sum(s => s.Rank * (s.OutFeatures + s.InFeatures));
        var first = 0;
        long offset = 0;
        foreach (var group in sorted.GroupBy(s => (s.OutFeatures, s.InFeatures)))
        {
            var (rows, columns) = group.Key;
            var triplets = group.Sum(s => s.Rank);
            long left = offset, right = offset + (triplets * rows);
            if (triplets > 0)
                groups.Add(new TripletBlock(rows, columns, 1, triplets, first, left, right));
            foreach (var run in group.GroupBy(s => s.Rank))
            {
                if (run.Key > 0)
                    blocks.Add(new TripletBlock(rows, columns, run.Key, run.Count(), first, left, right));
                foreach (var shape in run)
                {
                    slots.Add(new TripletSlot(shape, first, left, right, lambdaOffset + first));
                    first += shape.Rank;
                    left += shape.Rank * rows;
                    right += shape.Rank * columns;
                }
            }

            offset = right;
        }

        return new BankLayout(slots, groups, blocks, lambdaOffset);
    }

    /// <summary>Where each element of a flat buffer of this layout is in one of layout <paramref name="former"/>.</summary>
    /// <param name="former">A layout of the same matrices, possibly with other ranks.</param>
    /// <param name="triplets">The same for each triplet in storage order; -1 for one without a former place, whose elements then have none either.</param>
    internal long[] OriginsIn(BankLayout former, IReadOnlyList<int> triplets)
    {
        var origins = new long[Elements];
        foreach (var slot in Slots)
        {
            var (shape, old) = (slot.Shape, former[slot.Name]);
            for (var i = 0; i < slot.Rank; i++)
            {
                var from = triplets[slot.First + i] - old.First;
                Range(slot.LeftOffset + (i * shape.OutFeatures), old.LeftOffset + (from * shape.OutFeatures), shape.OutFeatures, from >= 0);
                Range(slot.RightOffset + (i * shape.InFeatures), old.RightOffset + (from * shape.InFeatures), shape.InFeatures, from >= 0);
                Range(slot.LambdaOffset + i, old.LambdaOffset + from, 1, from >= 0);
            }
        }

        return origins;

        void Range(long to, long from, long length, bool isHeld)
        {
            for (var k = 0L; k < length; k++)
                origins[to + k] = isHeld ? from + k : -1;
        }
    }

    private static void Validate(IReadOnlyList<TripletShape> shapes)
    {
        var problems = shapes.Where(s => string.IsNullOrEmpty(s.Name)).Select(_ => "a matrix has no name")
            .Concat(shapes.Where(s => s.OutFeatures < 1 || s.InFeatures < 1).Select(s => $"'{s.Name}' has sizes {s.OutFeatures} x {s.InFeatures}; both must be at least 1"))
            .Concat(shapes.Where(s => s.Rank < 0).Select(s => $"'{s.Name}' has rank {s.Rank}; it must not be negative"))
            .Concat(shapes.GroupBy(s => s.Name, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"'{g.Key}' is listed {g.Count()} times"))
            .Concat(shapes.Where(s => Math.Max(s.OutFeatures, s.InFeatures) > int.MaxValue).Select(s => $"'{s.Name}' has sizes {s.OutFeatures} x {s.InFeatures}; both must be at most {int.MaxValue}"))
            .ToList();
        if (shapes.Sum(s => (long)s.Rank) is > MaxTriplets and var triplets)
            problems.Add($"they have {triplets} triplets in all, but at most {MaxTriplets} are possible");
        if (problems.Count > 0)
            throw new ArgumentException($"The matrices cannot share a bank: {string.Join("; ", problems)}.", nameof(shapes));
    }
}
