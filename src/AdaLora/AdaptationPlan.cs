namespace AdaLora;

/// <summary>What <see cref="AdaLoraModel.Attach"/> would do to a model: which layers would be adapted, which not and why, how many parameters that makes, and what stands in the way.</summary>
public sealed class AdaptationPlan
{
    internal AdaptationPlan()
    {
    }

    /// <summary>The layers that would get an adapter, in the order of the model.</summary>
    public IReadOnlyList<PlannedAdapter> Adapters { get; internal init; } = [];

    /// <summary>The linear layers and other modules with matrices inside that would get none, in the order of the model.</summary>
    public IReadOnlyList<UnadaptedModule> NotAdapted { get; internal init; } = [];

    /// <summary>Names of the parameters of the model that would be trained beside the adapters.</summary>
    public IReadOnlyList<string> TrainedInFull { get; internal init; } = [];

    /// <summary>bT: triplets after pruning.</summary>
    public int TargetBudget { get; internal init; }

    /// <summary>Parameters of the model without adapters. What is tied counts once, here and below.</summary>
    public long ModelParameters { get; internal init; }

    /// <summary>Parameters of the model that would be trained beside the adapters.</summary>
    public long TrainedInFullParameters { get; internal init; }

    /// <summary>Parameters of the model that would stay as they are.</summary>
    public long FrozenParameters => ModelParameters - TrainedInFullParameters;

    /// <summary>Parameters of all adapters at their initial ranks.</summary>
    public long AdapterParameters => Adapters.Sum(adapter => adapter.Parameters);

    /// <summary>The fewest parameters that the adapters may have after pruning: those of the target budget, spent on the smallest matrices.</summary>
    public long LeastTargetParameters => TargetParameters(Adapters.OrderBy(adapter => adapter.TripletSize));

    /// <summary>The most parameters that the adapters may have after pruning: those of the target budget, spent on the largest matrices.</summary>
    public long MostTargetParameters => TargetParameters(Adapters.OrderByDescending(adapter => adapter.TripletSize));

    /// <summary>Share of all parameters, adapters included, that would be trained at the start, from 0 to 1.</summary>
    public double TrainedShare => (double)(AdapterParameters + TrainedInFullParameters) / Math.Max(1, ModelParameters + AdapterParameters);

    /// <summary>Everything that would make attaching fail; empty when it would not.</summary>
    public IReadOnlyList<string> Problems { get; internal init; } = [];

    /// <summary>What would be logged as a warning.</summary>
    public IReadOnlyList<string> Warnings { get; internal init; } = [];

    /// <summary>The plan as plain text: tables of what is adapted and what is not, counts, warnings and problems.</summary>
    public override string ToString() => PlanText.Write(this);

    private long TargetParameters(IEnumerable<PlannedAdapter> inOrder)
    {
        var (left, sum) = ((long)TargetBudget, 0L);
        foreach (var adapter in inOrder)
        {
            var spent = Math.Min(left, adapter.InitialRank);
            sum += spent * adapter.TripletSize;
            left -= spent;
        }

        return sum;
    }
}
