using AdaLora.Allocation;
using AdaLora.Bank;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Allocation;

/// <summary>What the strategy that moves ranks decides from scores, budget and ranks.</summary>
public sealed class ReallocationTests
{
    [Fact]
    public void The_least_triplets_go_to_the_matrices_whose_own_least_matter_most()
    {
        // a: 1 2 3 4, b: 5 6 7 8, c: 9 10 11 12.
        var layout = Layout(("a", 4), ("b", 4), ("c", 4));
        var allotment = Choose(AllocationStrategy.Reallocate(triplets: 2, perMatrix: 2), layout, Enumerable.Range(1, 12));

        Assert.Equal(["a 0", "a 1"], Dropped(layout, allotment));
        Assert.Equal([("c", 2)], Added(allotment));
    }

    [Fact]
    public void No_matrix_loses_its_last_triplet_or_gains_more_than_its_most()
    {
        var layout = Layout(("a", 2), ("b", 3), ("c", 3));
        int[] scores = [1, 2, 10, 11, 12, 20, 21, 22];

        var allotment = Choose(AllocationStrategy.Reallocate(triplets: 5, perMatrix: 3, maxRank: 4), layout, scores);

        // a keeps one; c has room for one; b, whose triplets are the lowest remaining, loses no more than there is room for.
        Assert.Equal(["a 0"], Dropped(layout, allotment));
        Assert.Equal([("c", 1)], Added(allotment));
        Assert.Equal(2, Added(Choose(AllocationStrategy.Reallocate(triplets: 5, perMatrix: 3), layout, scores)).Sum(a => a.Count));
        // Smaller sizes bound a matrix too.
        var small = BankLayout.Create([new("a", 9, 9, 2), new("b", 9, 3, 3)]);
        Assert.Null(Choose(AllocationStrategy.Reallocate(), small, [1, 2, 3, 4, 5]));
    }

    [Fact]
    public void Where_nothing_matters_more_than_anything_else_nothing_moves()
    {
        var layout = Layout(("a", 3), ("b", 3));
        Assert.Null(Choose(AllocationStrategy.Reallocate(), layout, Enumerable.Repeat(0, 6)));
        Assert.Null(Choose(AllocationStrategy.Reallocate(), layout, Enumerable.Range(0, 6), share: 1));
        Assert.Null(Choose(AllocationStrategy.PruneToBudget, layout, Enumerable.Range(0, 6), budget: 2));
    }

    [Fact]
    public void Above_the_budget_the_lowest_scores_are_dropped_as_a_mask_does_and_ranks_move_besides()
    {
        var layout = Layout(("a", 3), ("b", 3), ("c", 3));
        int[] scores = [1, 5, 6, 2, 7, 8, 20, 21, 22];

        var allotment = Choose(AllocationStrategy.Reallocate(triplets: 1), layout, scores, budget: 7);

        Assert.Equal(["a 0", "a 1", "b 0"], Dropped(layout, allotment));
        Assert.Equal([("c", 1)], Added(allotment));
    }

    [Fact]
    public void Of_equal_scores_the_higher_name_and_index_goes_first()
    {
        var layout = Layout(("a", 3), ("b", 3), ("c", 3));
        var allotment = Choose(AllocationStrategy.Reallocate(triplets: 1), layout, [1, 1, 1, 1, 1, 1, 9, 9, 9]);
        Assert.Equal(["b 2"], Dropped(layout, allotment));
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(0.5, 4)]
    [InlineData(0.7, 3)]
    [InlineData(0.9, 1)]
    [InlineData(1, 0)]
    public void The_number_of_moves_falls_to_0(double share, int moves) => Assert.Equal(moves, new Reallocation(4, 2, null).MovesAt(share));

    [Fact]
    public void Whatever_the_scores_budget_and_bounds_hold() =>
        Gen.Select(Gen.Int[0, 6].Array[1, 6], Gen.Int[1, 8], Gen.Int[1, 4], Gen.Int[1, 9], Gen.Double[0, 1], Gen.Int[0, 1000]).Sample((ranks, triplets, perMatrix, most, share, seed) =>
        {
            var layout = BankLayout.Create(ranks.Select((r, i) => new TripletShape($"m{i}", 5 + i, 8, r)));
            var random = new Random(seed);
            var scores = Enumerable.Range(0, layout.Triplets).Select(_ => (double)random.Next(20)).ToArray();
            var budget = random.Next(layout.Triplets + 1);
            var reallocation = new Reallocation(triplets, perMatrix, most);

            var allotment = reallocation.Choose(new AllocationTurn(layout, scores, budget, share)) ?? new Allotment([.. Enumerable.Repeat(true, layout.Triplets)], new Dictionary<string, int>());

            Assert.Equal(budget, allotment.Kept.Count(k => k) + allotment.Added.Values.Sum());
            Assert.InRange(allotment.Added.Values.Sum(), 0, reallocation.MovesAt(share));
            foreach (var slot in layout.Slots)
            {
                var (kept, added) = (allotment.Kept.AsSpan(slot.First, slot.Rank).Count(true), allotment.Added.GetValueOrDefault(slot.Name));
                Assert.InRange(added, 0, added == 0 ? 0 : Math.Min(perMatrix, Math.Min(most, (int)slot.Shape.OutFeatures) - kept));
                // A matrix that gains has lost triplets only to the budget: everything that it lost has a lower score than what it kept.
                if (added > 0 && kept < slot.Rank)
                    Assert.True(budget < layout.Triplets);
            }
        });

    [Theory]
    [InlineData(0, 2, null)]
    [InlineData(4, 0, null)]
    [InlineData(4, 2, 0)]
    public void Numbers_below_1_are_refused(int triplets, int perMatrix, int? maxRank) => Assert.Throws<ArgumentOutOfRangeException>(() => AllocationStrategy.Reallocate(triplets, perMatrix, maxRank));

    [Fact]
    public void Options_say_what_does_not_fit()
    {
        Assert.Contains("InitialRank is 12; Allocation allows no matrix more than rank 8",
            Assert.Throws<ArgumentException>(() => (new AdaLoraOptions { Allocation = AllocationStrategy.Reallocate(maxRank: 8) }).Validate()).Message, StringComparison.Ordinal);
        Assert.Contains("Allocation is null", Assert.Throws<ArgumentException>(() => (new AdaLoraOptions { Allocation = null! }).Validate()).Message, StringComparison.Ordinal);
        Assert.Equal("reallocate up to 4 triplets, 2 per matrix, to any rank", AllocationStrategy.Reallocate().ToString());
    }

    private static BankLayout Layout(params (string Name, int Rank)[] matrices) => BankLayout.Create(matrices.Select(m => new TripletShape(m.Name, 9, 9, m.Rank)));

    // Scores by (name, index).
    private static Allotment? Choose(AllocationStrategy strategy, BankLayout layout, IEnumerable<int> scores, int? budget = null, double share = 0)
    {
        var stored = new double[layout.Triplets];
        foreach (var (place, score) in layout.CanonicalOrder.Zip(scores))
            stored[place] = score;
        return strategy.Choose(new AllocationTurn(layout, stored, budget ?? layout.Triplets, share));
    }

    private static IEnumerable<string> Dropped(BankLayout layout, Allotment? allotment) =>
        layout.Slots.OrderBy(s => s.Name, StringComparer.Ordinal).SelectMany(s => Enumerable.Range(0, s.Rank).Where(i => !allotment!.Kept[s.First + i]).Select(i => $"{s.Name} {i}"));

    private static IEnumerable<(string Name, int Count)> Added(Allotment? allotment) => allotment!.Added.Select(a => (a.Key, a.Value)).Order();
}
