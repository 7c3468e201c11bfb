using AdaLora.Allocation;
using AdaLora.Bank;
using CsCheck;
using Xunit;

namespace AdaLora.Tests.Allocation;

/// <summary>What a mask keeps where triplets differ in cost or matrices have limits of their own.</summary>
public sealed class TripletSelectionTests
{
    // Few different scores, so that most are tied.
    private static readonly Gen<(int[] Ranks, BudgetUnit Unit, int Seed)> Cases =
        Gen.Select(Gen.Int[0, 6].Array[1, 6], Gen.Bool, Gen.Int[0, 100_000], (ranks, counts, seed) => (ranks, counts ? BudgetUnit.Parameters : BudgetUnit.Triplets, seed));

    [Fact]
    public void Whatever_scores_costs_and_limits_the_budget_and_all_limits_hold() => Cases.Sample(c =>
    {
        var (turn, kept) = Select(c, limited: true);
        var ranks = RanksOf(turn.Layout, kept);
        Assert.InRange(CostOf(turn, kept), 0, turn.Budget);
        foreach (var slot in turn.Layout.Slots)
        {
            Assert.InRange(ranks[slot.Name], turn.Terms.LeastOf(slot.Shape), Math.Min(slot.Rank, turn.Terms.MostOf(slot.Name)));
            // Within a matrix the highest scores live, the lower index first.
            Assert.Equal(Ranking(turn).Where(i => IsIn(slot, i)).Take(ranks[slot.Name]).Order(), Held(turn, kept).Where(i => IsIn(slot, i)));
        }
    });

    [Fact]
    public void What_is_left_of_the_budget_is_too_little_for_any_triplet_that_may_still_live() => Cases.Sample(c =>
    {
        var (turn, kept) = Select(c, limited: true);
        var ranks = RanksOf(turn.Layout, kept);
        var left = turn.Budget - CostOf(turn, kept);
        Assert.All(turn.Layout.Slots.Where(s => ranks[s.Name] < Math.Min(s.Rank, turn.Terms.MostOf(s.Name))), slot => Assert.True(left < turn.Terms.CostOf(slot.Shape)));
    });

    [Fact]
    public void Only_cheaper_triplets_take_the_place_of_one_with_a_higher_score() => Cases.Sample(c =>
    {
        var (turn, kept) = Select(c, limited: true);
        var (ranks, ranking) = (RanksOf(turn.Layout, kept), Ranking(turn).ToList());
        foreach (var pruned in ranking.Where(i => !kept[i]))
        {
            var own = turn.Layout.Slots.Single(s => IsIn(s, pruned));
            if (ranks[own.Name] >= turn.Terms.MostOf(own.Name))
                continue;
            foreach (var lower in ranking.SkipWhile(i => i != pruned).Where(i => kept[i]))
            {
                var other = turn.Layout.Slots.Single(s => IsIn(s, lower));
                var isMinimum = ranks[other.Name] <= turn.Terms.LeastOf(other.Shape);
                Assert.True(isMinimum || turn.Terms.CostOf(other.Shape) < turn.Terms.CostOf(own.Shape));
            }
        }
    });

    [Fact]
    public void Without_limits_and_with_equal_costs_the_highest_scores_live() => Cases.Sample(c =>
    {
        var (turn, kept) = Select(c with { Unit = BudgetUnit.Triplets }, limited: false);
        Assert.True(turn.Terms.IsPlain);
        Assert.Equal(Ranking(turn).Take(turn.Budget).Order(), Held(turn, kept));
    });

    [Fact]
    public void A_triplet_that_does_not_fit_is_passed_over_and_ties_go_to_the_lower_name_and_index()
    {
        // Triplets cost 3, 11 and 3.
        var layout = BankLayout.Create([new("a", 1, 1, 2), new("b", 5, 5, 2), new("c", 1, 1, 2)]);
        var terms = AllocationTerms.Plain with { Unit = BudgetUnit.Parameters };
        Assert.Equal(34, terms.CostOf(layout.Shapes));
        Assert.Equal("", Kept(2));
        Assert.Equal("a0", Kept(3));
        Assert.Equal("a0 a1", Kept(6));
        Assert.Equal("a0 a1 c0", Kept(10));
        Assert.Equal("b0", Kept(11, ("b", 9)));
        Assert.Equal("a0 a1 b0", Kept(17));
        Assert.Equal("a0 a1 b0 c0 c1", Kept(24));
        Assert.Equal("a0 a1 b0 b1 c0 c1", Kept(34));

        string Kept(int budget, params (string Name, double Score)[] scores)
        {
            var values = layout.Slots.SelectMany(s => Enumerable.Repeat(scores.FirstOrDefault(x => x.Name == s.Name).Score, s.Rank)).ToArray();
            var kept = TripletSelection.Of(new AllocationTurn(layout, values, budget, 1) { Terms = terms });
            return string.Join(' ', layout.Slots.SelectMany(s => Enumerable.Range(0, s.Rank).Where(i => kept[s.First + i]).Select(i => $"{s.Name}{i}")).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Moves_keep_to_the_budget_and_the_limits_as_well() => Gen.Select(Cases, Gen.Int[1, 8], Gen.Int[1, 4], Gen.Double[0, 1]).Sample((c, triplets, perMatrix, share) =>
    {
        var turn = TurnOf(c, limited: true) with { Share = share };
        var allotment = new Reallocation(triplets, perMatrix, null).Choose(turn) ?? new Allotment([.. Enumerable.Repeat(true, turn.Layout.Triplets)], new Dictionary<string, int>());
        var ranks = RanksOf(turn.Layout, allotment.Kept);
        var cost = turn.Layout.Slots.Sum(s => (ranks[s.Name] + allotment.Added.GetValueOrDefault(s.Name)) * turn.Terms.CostOf(s.Shape));
        Assert.InRange(cost, 0, turn.Budget);
        foreach (var slot in turn.Layout.Slots)
        {
            var rank = ranks[slot.Name] + allotment.Added.GetValueOrDefault(slot.Name);
            Assert.InRange(rank, turn.Terms.LeastOf(slot.Shape), turn.Terms.MostOf(slot.Name));
        }
    });

    [Fact]
    public void A_matrix_at_its_minimum_may_grow_and_loses_nothing()
    {
        var layout = BankLayout.Create([new("a", 9, 9, 2), new("b", 9, 9, 2)]);
        var terms = AllocationTerms.Plain with { Limits = new Dictionary<string, RankLimits> { ["b"] = new(2, 3) } };
        var allotment = AllocationStrategy.Reallocate(4, 2).Choose(new AllocationTurn(layout, [1, 2, 8, 9], 4, 0) { Terms = terms })!;
        Assert.Equal([false, true, true, true], allotment.Kept);
        Assert.Equal(1, allotment.Added["b"]);
        Assert.Null(AllocationStrategy.Reallocate(4, 2).Choose(new AllocationTurn(layout, [8, 9, 1, 2], 4, 0) { Terms = terms }));
    }

    private static (AllocationTurn Turn, bool[] Kept) Select((int[] Ranks, BudgetUnit Unit, int Seed) c, bool limited)
    {
        var turn = TurnOf(c, limited);
        return (turn, TripletSelection.Of(turn));
    }

    // A budget that covers the minimum ranks, and limits that fit to each other.
    private static AllocationTurn TurnOf((int[] Ranks, BudgetUnit Unit, int Seed) c, bool limited)
    {
        var random = new Random(c.Seed);
        var layout = BankLayout.Create(c.Ranks.Select((rank, i) => new TripletShape($"m{i * 7 % 10}", 7 + random.Next(6), 7 + random.Next(40), rank)));
        var limits = layout.Shapes.Where(_ => limited && random.Next(2) == 0).ToDictionary(s => s.Name, s => LimitsOf(s, random), StringComparer.Ordinal);
        var terms = new AllocationTerms(c.Unit, limits);
        var (least, all) = ((int)layout.Shapes.Sum(s => terms.LeastOf(s) * terms.CostOf(s)), (int)terms.CostOf(layout.Shapes));
        return new AllocationTurn(layout, [.. Enumerable.Range(0, layout.Triplets).Select(_ => (double)random.Next(4))], random.Next(least, all + 1), 1) { Terms = terms };
    }

    private static RankLimits LimitsOf(TripletShape shape, Random random)
    {
        var least = random.Next(shape.Rank + 1);
        return new(random.Next(3) == 0 ? null : least, random.Next(3) == 0 ? null : Math.Max(1, least + random.Next(3)));
    }

    private static IEnumerable<int> Ranking(AllocationTurn turn) => turn.Layout.CanonicalOrder.OrderByDescending(i => turn.Scores[(int)i]).Select(i => (int)i);

    private static IEnumerable<int> Held(AllocationTurn turn, bool[] kept) => Enumerable.Range(0, turn.Layout.Triplets).Where(i => kept[i]);

    private static bool IsIn(TripletSlot slot, int triplet) => triplet >= slot.First && triplet < slot.First + slot.Rank;

    private static Dictionary<string, int> RanksOf(BankLayout layout, bool[] kept) =>
        layout.Slots.ToDictionary(s => s.Name, s => kept.AsSpan(s.First, s.Rank).Count(true), StringComparer.Ordinal);

    private static long CostOf(AllocationTurn turn, bool[] kept) => turn.Layout.Slots.Sum(s => kept.AsSpan(s.First, s.Rank).Count(true) * turn.Terms.CostOf(s.Shape));
}
