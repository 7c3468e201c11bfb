using AdaLora.Allocation;
using AdaLora.Injection;

namespace AdaLora.Peft;

/// <summary>What the configuration of an adapter has to say of it when it is written: which modules it adapts, and the settings that it was trained with.</summary>
internal sealed record AdapterDescription
{
    /// <summary>The adapted modules, in the order of the model.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>The names of all modules of the model as if there were no adapters.</summary>
    public required IReadOnlyList<string> ModelModules { get; init; }

    /// <summary>The modules that are trained in full.</summary>
    public required IReadOnlyList<string> TrainedModules { get; init; }

    /// <summary>Whether one of them shares a weight with another module.</summary>
    public required bool HasTiedTrainedModules { get; init; }

    public required BiasTraining Biases { get; init; }

    /// <summary>Whether a weight is stored as (in, out).</summary>
    public required bool HasTransposedWeights { get; init; }

    public required double Alpha { get; init; }

    public required double Dropout { get; init; }

    /// <summary>The largest rank that a module began with.</summary>
    public required int InitialRank { get; init; }

    /// <summary>Whether triplets were added to some module since.</summary>
    public required bool HasGrown { get; init; }

    public required int TargetRank { get; init; }

    /// <summary>The target budget as it was asked for; null for the target rank of every module.</summary>
    public required int? TargetBudget { get; init; }

    public required long MaskInterval { get; init; }

    public required double Beta1 { get; init; }

    public required double Beta2 { get; init; }

    public required double OrthogonalityWeight { get; init; }

    /// <summary>The budget over time; null as long as nobody has said how long the training is.</summary>
    public required BudgetSchedule? Schedule { get; init; }

    /// <summary>How many triplets the adapter holds.</summary>
    public required int HeldTriplets { get; init; }

    /// <summary>How many triplets are to be left in the end.</summary>
    public required int FinalTriplets { get; init; }

    /// <summary>Whether the final pattern was chosen.</summary>
    public required bool IsPatternFinal { get; init; }

    /// <summary>Whether ranks will not change any more, because the pattern is final or nothing is to be pruned.</summary>
    public required bool AreRanksFinal { get; init; }
}
