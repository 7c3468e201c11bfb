using AdaLora.Bank;

namespace AdaLora.Allocation;

/// <summary>What triplets cost, and how many of them each matrix must and may keep. Immutable; pure arithmetic.</summary>
/// <param name="Unit">What the budget counts.</param>
/// <param name="Limits">The limits of the matrices that have any, by name.</param>
internal sealed record AllocationTerms(BudgetUnit Unit, IReadOnlyDictionary<string, RankLimits> Limits)
{
    /// <summary>Every triplet costs 1, and only the budget limits ranks.</summary>
    public static AllocationTerms Plain { get; } = new(BudgetUnit.Triplets, new Dictionary<string, RankLimits>());

    /// <summary>Whether a mask only has to count.</summary>
    public bool IsPlain => Unit == BudgetUnit.Triplets && Limits.Count == 0;

    /// <summary>What a triplet of this matrix takes of the budget, at least 1.</summary>
    public long CostOf(TripletShape shape) => Unit == BudgetUnit.Triplets ? 1 : shape.OutFeatures + shape.InFeatures + 1;

    /// <summary>What all triplets of some matrices cost.</summary>
    public long CostOf(IEnumerable<TripletShape> matrices) => matrices.Sum(shape => shape.Rank * CostOf(shape));

    /// <summary>What the cheapest triplet of some matrices costs: with a smaller budget none is kept.</summary>
    public long CheapestOf(IEnumerable<TripletShape> matrices) => matrices.Where(shape => shape.Rank > 0).Select(CostOf).DefaultIfEmpty(1).Min();

    /// <summary>How many triplets the matrix keeps in any case.</summary>
    public int LeastOf(TripletShape shape) => Math.Min(LimitsOf(shape.Name).Minimum ?? 0, shape.Rank);

    /// <summary>How many triplets the matrix keeps at most.</summary>
    public int MostOf(string name) => LimitsOf(name).Maximum ?? int.MaxValue;

    /// <summary>The limits of a matrix.</summary>
    public RankLimits LimitsOf(string name) => Limits.GetValueOrDefault(name);

    /// <summary>Which limits contradict each other, the ranks that matrices start with, or the target budget.</summary>
    /// <param name="matrices">The matrices with the ranks they start with.</param>
    /// <param name="targetBudget">bT, in the unit.</param>
    /// <param name="strategy">What a mask does.</param>
    public IEnumerable<string> Problems(IReadOnlyCollection<TripletShape> matrices, long targetBudget, AllocationStrategy strategy)
    {
        foreach (var shape in matrices.OrderBy(m => m.Name, StringComparer.Ordinal))
        {
            var (least, most) = (LimitsOf(shape.Name).Minimum ?? 0, LimitsOf(shape.Name).Maximum);
            if (least > most)
                yield return $"'{shape.Name}' is to keep at least {least} and at most {most} triplets";
            else if (least > strategy.MaxRank)
                yield return $"'{shape.Name}' is to keep at least {least} triplets, but the allocation allows no matrix more than {strategy.MaxRank}";
            if (least > shape.Rank)
                yield return $"'{shape.Name}' is to keep at least {least} triplets, but starts with {shape.Rank}: raise its initial rank";
        }

        var floor = matrices.Sum(shape => LeastOf(shape) * CostOf(shape));
        if (Limits.Count > 0 && floor > targetBudget)
            yield return $"the minimum ranks need {Amount(floor)}, but the target budget is {Amount(targetBudget)}";
        var ceiling = matrices.Sum(shape => Math.Min(shape.Rank, MostOf(shape.Name)) * CostOf(shape));
        if (Limits.Count > 0 && ceiling < Math.Min(targetBudget, CostOf(matrices)))
            yield return $"the maximum ranks allow {Amount(ceiling)}, which is less than the target budget of {Amount(targetBudget)}";
    }

    private string Amount(long cost) => $"{cost} {(Unit == BudgetUnit.Triplets ? "triplet" : "parameter")}{(cost == 1 ? "" : "s")}";
}
