using AdaLora.Allocation;
using AdaLora.Injection;

namespace AdaLora.Peft;

/// <summary>What an adapter's configuration must record when it is written: which modules it adapts, and the settings it was trained with.</summary>
internal sealed record AdapterDescription
{
    /// <summary>The adapted modules, in model order.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>The names of all modules of the model as if there were no adapters.</summary>
    public required IReadOnlyList<string> ModelModules { get; init; }

    /// <summary>The modules that are trained in full.</summary>
    public required IReadOnlyList<string> TrainedModules { get; init; }

    /// <summary>The rows of tables of embeddings that are trained by themselves, by the table's module.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<long>> TrainedRows { get; init; }

    /// <summary>Finds out whether any of the trained modules shares a weight with another module. Goes through the whole model.</summary>
    public required Func<bool> HasTiedTrainedModules { get; init; }

    public required BiasTraining Biases { get; init; }

    /// <summary>Whether any weight is stored as (in, out).</summary>
    public required bool HasTransposedWeights { get; init; }

    public required double Alpha { get; init; }

    public required double Dropout { get; init; }

    /// <summary>The largest initial rank of any module.</summary>
    public required int InitialRank { get; init; }

    /// <summary>Whether triplets have been added to any module since.</summary>
    public required bool HasGrown { get; init; }

    public required int TargetRank { get; init; }

    /// <summary>The target budget as requested, about so many triplets if it counts parameters; null for the target rank of every module.</summary>
    public required int? TargetBudget { get; init; }

    public required long MaskInterval { get; init; }

    public required double Beta1 { get; init; }

    public required double Beta2 { get; init; }

    public required double OrthogonalityWeight { get; init; }

    /// <summary>The budget over time; null until the length of the training is known.</summary>
    public required BudgetSchedule? Schedule { get; init; }

    /// <summary>How many triplets the adapter currently holds.</summary>
    public required int HeldTriplets { get; init; }

    /// <summary>What the triplets kept in the end may cost.</summary>
    public required int FinalBudget { get; init; }

    /// <summary>What triplets cost, and the limits of matrices.</summary>
    public required AllocationTerms Terms { get; init; }

    /// <summary>Whether the final pattern was chosen.</summary>
    public required bool IsPatternFinal { get; init; }

    /// <summary>Whether ranks will no longer change, because the pattern is final or nothing is to be pruned.</summary>
    public required bool AreRanksFinal { get; init; }
}
