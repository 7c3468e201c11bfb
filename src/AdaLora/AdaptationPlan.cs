using AdaLora.Allocation;
using AdaLora.Bank;

namespace AdaLora;

/// <summary>What <see cref="AdaLoraModel.Attach"/> would do to a model: which layers would be adapted, which would not and why, the parameter counts, and what stands in the way.</summary>
public sealed class AdaptationPlan
{
    internal AdaptationPlan()
    {
    }

    /// <summary>The layers that would get an adapter, in model order.</summary>
    public IReadOnlyList<PlannedAdapter> Adapters { get; internal init; } = [];

    /// <summary>The linear layers and other modules containing matrices that would get none, in model order.</summary>
    public IReadOnlyList<UnadaptedModule> NotAdapted { get; internal init; } = [];

    /// <summary>Names of the model's parameters that would be trained alongside the adapters.</summary>
    public IReadOnlyList<string> TrainedInFull { get; internal init; } = [];

    /// <summary>bT: what triplets may cost after pruning, in the unit of <see cref="BudgetUnit"/>.</summary>
    public int TargetBudget { get; internal init; }

    /// <summary>What the budget counts.</summary>
    public BudgetUnit BudgetUnit { get; internal init; }

    /// <summary>Parameters of the model without adapters. Tied parameters count once, here and below.</summary>
    public long ModelParameters { get; internal init; }

    /// <summary>Parameters of the model that would be trained alongside the adapters.</summary>
    public long TrainedInFullParameters { get; internal init; }

    /// <summary>Parameters of the model that would not be trained.</summary>
    public long FrozenParameters => ModelParameters - TrainedInFullParameters;

    /// <summary>Parameters of all adapters at their initial ranks.</summary>
    public long AdapterParameters => Adapters.Sum(adapter => adapter.Parameters);

    /// <summary>
    /// The smallest number of parameters the adapters may have after pruning: the target budget spent on the smallest matrices, as far as the limits of ranks allow. A budget of parameters is
    /// used but for what is too little for another triplet.
    /// </summary>
    public long LeastTargetParameters => BudgetUnit == BudgetUnit.Parameters
        ? TargetBudget >= AdapterParameters ? AdapterParameters : Math.Max(0, TargetBudget - Adapters.Select(adapter => adapter.TripletSize - 1).DefaultIfEmpty().Max())
        : TargetParameters(Adapters.OrderBy(adapter => adapter.TripletSize));

    /// <summary>The largest number of parameters the adapters may have after pruning: the target budget spent on the largest matrices, as far as the limits of ranks allow.</summary>
    public long MostTargetParameters => BudgetUnit == BudgetUnit.Parameters ? Math.Min(TargetBudget, AdapterParameters) : TargetParameters(Adapters.OrderByDescending(adapter => adapter.TripletSize));

    /// <summary>Share of all parameters, including adapters, that would be trained at the start, from 0 to 1.</summary>
    public double TrainedShare => (double)(AdapterParameters + TrainedInFullParameters) / Math.Max(1, ModelParameters + AdapterParameters);

    /// <summary>The learning rates of the parts of a triplet.</summary>
    public LearningRateFactors LearningRateFactors { get; internal init; } = LearningRateFactors.Equal;

    /// <summary>Everything that would make attaching fail; empty if it would succeed.</summary>
    public IReadOnlyList<string> Problems { get; internal init; } = [];

    /// <summary>What would be logged as a warning.</summary>
    public IReadOnlyList<string> Warnings { get; internal init; } = [];

    /// <summary>The plan as plain text: tables of what is adapted and what is not, counts, warnings and problems.</summary>
    public override string ToString() => PlanText.Write(this);

    private long TargetParameters(IEnumerable<PlannedAdapter> inOrder)
    {
        var left = TargetBudget - Adapters.Sum(adapter => (long)Least(adapter));
        var sum = Adapters.Sum(adapter => Least(adapter) * adapter.TripletSize);
        foreach (var adapter in inOrder)
        {
            var spent = Math.Clamp(Math.Min(adapter.InitialRank, adapter.MaximumRank ?? int.MaxValue) - Least(adapter), 0, Math.Max(0, left));
            sum += spent * adapter.TripletSize;
            left -= spent;
        }

        return sum;

        static int Least(PlannedAdapter adapter) => Math.Min(adapter.MinimumRank, adapter.InitialRank);
    }
}
